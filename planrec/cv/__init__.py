"""Splitters: divisions of decisions into training and test rows."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from planrec.contracts import Splitter
from planrec.cv.grouped import Grouped
from planrec.cv.nested import PLAIN, Nested
from planrec.cv.rolling import Rolling
from planrec.cv.stratified import Stratified
from planrec.plugins import with_plugins

if TYPE_CHECKING:
    CvConfig = Splitter
else:
    CvConfig = Annotated[with_plugins("cv", (*PLAIN, Nested), Splitter), Field(discriminator="kind")]

__all__ = ["CvConfig", "Grouped", "Nested", "Rolling", "Stratified"]
