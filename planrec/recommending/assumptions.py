"""Assumptions of answers: unknown facts, and inputs unlike those of training, as codes."""

import numpy as np

from planrec.input_drift import NOTICES
from planrec.recommending.answer import ASSUMPTIONS, Assumption
from planrec.recommending.recommender import Recommender
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable


def assumptions_of(
    recommender: Recommender, table: DecisionTable, prediction: Prediction
) -> list[list[Assumption]]:
    """Return the codes of each answer, in the order of `ASSUMPTIONS`; mostly empty lists."""
    is_assumed = np.zeros((len(table), len(ASSUMPTIONS)), bool)
    if table.assumes_commitment is not None and prediction.bill_mean is not None:
        is_assumed[:, 0] = table.assumes_commitment
    if recommender.unlike_training is not None:
        is_assumed[:, -len(NOTICES) :] = recommender.unlike_training.of(table.X, len(table))
    codes: list[list[Assumption]] = [[] for _ in range(len(table))]
    for row, place in np.argwhere(is_assumed).tolist():
        codes[row].append(ASSUMPTIONS[place])
    return codes
