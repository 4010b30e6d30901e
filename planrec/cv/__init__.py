"""Splitters: how decisions are divided into what is learned from and what is judged."""

from typing import Annotated

from pydantic import Field

from planrec.cv.grouped import Grouped
from planrec.cv.nested import Nested, Plain
from planrec.cv.rolling import Rolling
from planrec.cv.stratified import Stratified

CvConfig = Annotated[Plain | Nested, Field(discriminator="kind")]

__all__ = ["CvConfig", "Grouped", "Nested", "Rolling", "Stratified"]
