"""Contract of a splitter."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planrec.schema.config_model import Config
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class Fold:
    """Row positions (not labels) of one train/test split."""

    train: np.ndarray
    test: np.ndarray
    repeat: int = 0


class Splitter(Config, ABC):
    """A division of decisions into training and test rows."""

    kind: str

    @property
    @abstractmethod
    def keeps_subscribers_whole(self) -> bool:
        """Whether no subscriber has rows in both parts of a fold."""

    @property
    @abstractmethod
    def needs_time(self) -> bool:
        """Whether every decision must have an as_of."""

    @property
    def inner_splitter(self) -> "Splitter | None":
        """The splitter of each fold's training rows, for tuning the model; None: no tuning."""
        return None

    @abstractmethod
    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield folds.

        Raises:
            DataError: the table is too small for this number of folds.
        """
