"""Two splitters: one to tune inside, one to report outside."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from planrec.contracts import Fold, Splitter
from planrec.cv.grouped import Grouped
from planrec.cv.rolling import Rolling
from planrec.cv.stratified import Stratified
from planrec.errors import DataError
from planrec.plugins import with_plugins
from planrec.schema.tables import DecisionTable

PLAIN = (Grouped, Rolling, Stratified)
"The splitters that split once; add a new one here."
if TYPE_CHECKING:
    Plain = Splitter
else:
    Plain = Annotated[with_plugins("cv", PLAIN, Splitter), Field(discriminator="kind")]


class Nested(Splitter):
    """Tune on each fold's training rows, split once more, and judge the result on rows it never saw.

    The folds that are judged are those of `outer`, so that a nested run is ranked with plain ones.
    """

    kind: Literal["nested"]
    outer: Plain
    "What is reported."
    inner: Plain
    "How the training rows of each outer fold are split, to choose the model's values on them."

    @property
    def keeps_subscribers_whole(self) -> bool:
        """As `outer` does."""
        return self.outer.keeps_subscribers_whole

    @property
    def needs_time(self) -> bool:
        """Where either splitter does."""
        return self.outer.needs_time or self.inner.needs_time

    @property
    def inner_splitter(self) -> Splitter:
        """The splitter to tune with."""
        return self.inner

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield the folds of `outer`. Raises DataError as it does."""
        try:
            yield from self.outer.split(table, seed)
        except DataError as error:
            raise DataError(error.message.replace("cv.n_folds", "cv.outer.n_folds")) from error
