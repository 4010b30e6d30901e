"""Contract of a target."""

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import PositiveInt

from planrec.catalogue import Catalogue
from planrec.schema.config_model import Config
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory


class Target(Config, ABC):
    """What to learn."""

    needs_history: ClassVar[bool]
    needs_catalogue: ClassVar[bool]
    needs_choices: ClassVar[bool] = False
    "True if rows must describe the plans of their menus, in columns `ATTRIBUTE@PLAN`."

    kind: str
    window: PositiveInt
    "Months of history that a decision looks at."

    @abstractmethod
    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """Turn the data of a source into labelled decisions."""
