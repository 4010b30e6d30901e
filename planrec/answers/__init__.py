"""Answers: what a subscriber is told, as the API gives it, the decision log keeps it and a replay repeats it."""

from planrec.answers.answer import (
    Answer,
    CatalogueName,
    Current,
    Item,
    ItemReason,
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
    "ItemReason",
    "ModelName",
    "NotOffered",
    "UsageBasis",
    "answers_of",
    "encoded",
]
