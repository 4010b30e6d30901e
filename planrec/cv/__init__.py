"""Splitters: divisions of decisions into training and test rows."""

from functools import cache
from typing import TYPE_CHECKING

from planrec.contracts import Splitter
from planrec.cv.fold_assignment import complements, folds_of_rows, folds_of_subscribers, repeated
from planrec.cv.grouped import Grouped
from planrec.cv.leave_one_plan_out import LeaveOnePlanOut
from planrec.cv.rolling import Rolling
from planrec.cv.stratified import Stratified
from planrec.plugins import union_on_access

if TYPE_CHECKING:
    from planrec.cv.nested import Nested

    CvConfig = Splitter
else:

    @cache
    def _with_nested() -> dict[str, object]:
        # Imported late: its fields are splitters, also those of plug-ins, which may import this package.
        from planrec.cv.nested import PLAIN, Nested

        union = union_on_access("CvConfig", "cv", (*PLAIN, Nested), Splitter)
        return {"Nested": Nested, "CvConfig": union("CvConfig")}

    def __getattr__(name: str) -> object:
        if name not in ("CvConfig", "Nested"):
            raise AttributeError(f"no name {name!r} in planrec.cv")
        return _with_nested()[name]


__all__ = [
    "CvConfig",
    "Grouped",
    "LeaveOnePlanOut",
    "Nested",
    "Rolling",
    "Stratified",
    "complements",
    "folds_of_rows",
    "folds_of_subscribers",
    "repeated",
]
