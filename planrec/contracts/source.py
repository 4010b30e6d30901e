"""Contract of a data source."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from pydantic import AfterValidator, Field

from planrec.catalogue import Catalogue
from planrec.schema.cell_form import CellForm
from planrec.schema.config_model import Config
from planrec.schema.tables import RowTable, UsageHistory


def _rising(edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must rise, each edge above the one before")
    return edges


Bands = Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_rising)] | None
"""Edges of the bands of a column: (30, 60) makes three bands. None: each value is a group, and a column of
more than ten different numbers is cut at its quartiles."""


@dataclass(frozen=True)
class FileForm:
    """How the files of a source differ from a request: names of columns and plans, spelling of months."""

    columns: dict[str, str] = field(default_factory=dict)
    """`subscriber`, `month`, `plan_held`, `commitment_ends` or a `Usage` column -> column of the file; others
    keep our name."""
    plan_names: dict[str, str] = field(default_factory=dict)
    "Plan in the file -> plan id, if they differ."
    time_year: int | None = None
    "Year of month numbers 1 to 12."
    cells: CellForm = field(default_factory=CellForm)
    "How numbers and blank cells are written, and which sheet of a spreadsheet is read."


class Source(Config, ABC):
    """A source of data."""

    gives: ClassVar[Literal["rows", "choices", "history"]]
    "What `load` returns: a RowTable, a RowTable whose columns describe the plans, or a UsageHistory."
    needs_catalogue: ClassVar[bool] = False
    "True if `load` needs a plan catalogue."

    kind: str
    drop_columns: tuple[str, ...]
    "Columns of the source that must not reach the features: leaks, ids, personal data."
    protected_columns: dict[str, Bands]
    """Columns that are never features and never requested, but compared group by group: `{age: [30, 60]}` by
    band, `{sex: null}` by value."""

    @property
    def has_usage(self) -> bool:
        """Whether features can read `Usage` lag columns."""
        return self.gives == "history"

    @property
    def has_time(self) -> bool:
        """Whether every decision has an as_of, so that `cv=rolling` can split."""
        return self.gives == "history"

    @property
    def file_form(self) -> FileForm:
        """The form of this source's files, so that a run can score them unchanged."""
        return FileForm()

    @abstractmethod
    def load(self, catalogue: Catalogue | None) -> RowTable | UsageHistory:
        """Read outside data and check it.

        Raises:
            DataError: the data breaks a rule; the message names every offender.
        """


@runtime_checkable
class SourceWithTruth(Protocol):
    """A source that knows the expected bills behind its data, as a simulator does."""

    def hidden_bills(
        self, catalogue: Catalogue, subscriber: np.ndarray, as_of: np.ndarray, horizon: int
    ) -> np.ndarray:
        """Return `DecisionTable.hidden_bills` of these decisions: shape (n, J), float64, minor units."""
