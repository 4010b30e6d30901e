"""Two splitters: the inner one tunes the model, the outer one evaluates it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from planrec.contracts import Fold, Splitter
from planrec.cv.grouped import Grouped
from planrec.cv.leave_one_plan_out import LeaveOnePlanOut
from planrec.cv.rolling import Rolling
from planrec.cv.stratified import Stratified
from planrec.errors import DataError
from planrec.plugins import with_plugins
from planrec.schema.tables import DecisionTable

PLAIN = (Grouped, LeaveOnePlanOut, Rolling, Stratified)
"The splitters that split once; add a new one here."
if TYPE_CHECKING:
    Plain = Splitter
else:
    Plain = Annotated[with_plugins("cv", PLAIN, Splitter), Field(discriminator="kind")]


class Nested(Splitter):
    """Folds of `outer`, whose training rows `inner` splits again to tune the model.

    The evaluated folds are those of `outer`, so that a nested run is ranked with plain ones.
    """

    kind: Literal["nested"]
    outer: Plain
    "Splitter of the folds that are reported."
    inner: Plain
    "Splitter of the training rows of each outer fold, on which the model's values are chosen."

    @property
    def keeps_subscribers_whole(self) -> bool:
        """As `outer`."""
        return self.outer.keeps_subscribers_whole

    @property
    def needs_time(self) -> bool:
        """True if either splitter needs time."""
        return self.outer.needs_time or self.inner.needs_time

    @property
    def inner_splitter(self) -> Splitter:
        """`inner`."""
        return self.inner

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield the folds of `outer`.

        Raises:
            DataError: the table is too small for `outer`; the message names the keys of `cv.outer`.
        """
        try:
            yield from self.outer.split(table, seed)
        except DataError as error:
            raise DataError(error.message.replace("cv.n_folds", "cv.outer.n_folds")) from error
