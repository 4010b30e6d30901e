"""Answers: what a subscriber is told. The API gives them, the log keeps them, a replay repeats them."""

from planrec.answers.answer import (
    Answer,
    CatalogueName,
    Current,
    Item,
    ModelName,
    NotOffered,
    UsageBasis,
    encoded,
)
from planrec.answers.build import answers_of

__all__ = [
    "Answer",
    "CatalogueName",
    "Current",
    "Item",
    "ModelName",
    "NotOffered",
    "UsageBasis",
    "answers_of",
    "encoded",
]
