"""The realised metrics are those of an offline evaluation of the same decisions."""

from dataclasses import replace

import numpy as np
import pandas as pd

from planrec.contracts import Fold
from planrec.metrics import evaluate
from planrec.monitoring.realised.judged_run import ADVISED
from planrec.monitoring.realised.realised_table import realised_table
from planrec.schema.predictions import OutOfFold
from planrec.serving.decision_log import Keys
from planrec.training.experiment import load_decisions
from planrec.training.out_of_fold import FoldPrediction, out_of_fold_table
from tests.monitoring.world import World

DAYS = np.array(["2018-07-01", "2018-08-01", "2018-09-01"], "datetime64[D]")


def offline(world: World) -> pd.DataFrame:
    """Evaluate the run on all decisions of these days; each subscriber has the name that the log uses."""
    recommender = world.saved.recommender
    table = load_decisions(world.saved.config).table
    table = table.take(np.flatnonzero(np.isin(table.as_of, DAYS)))
    keys = Keys.read(world.key_file)
    names = np.array([keys.pseudonyms(str(name))[0] for name in table.subscriber], object)
    table = replace(table, subscriber=names, hidden_bills=None)
    prediction, decisions = recommender.recommend(table)
    every = np.arange(len(table))
    fold = FoldPrediction(
        0, Fold(every[:0], every), recommender.policy, prediction, recommender.bill_chances(table)
    )
    rows = out_of_fold_table(ADVISED, table, [fold])
    plans = np.array([*recommender.plans, None], object)
    rows[OutOfFold.RECOMMENDED] = plans[decisions.recommended]
    return rows


def values(rows: pd.DataFrame, world: World) -> dict[tuple[str, str | None], tuple[float, float, float]]:
    names = world.saved.manifest.metric_names
    return {
        (value.metric, value.group): (value.value, value.low, value.high)
        for value in evaluate(rows, names, seed=0, n_bootstrap=50)
    }


def test_realised_metrics_equal_an_offline_evaluation(world: World) -> None:
    later = world.between("2018-07", "2018-11").sample(frac=1, random_state=0)
    half = len(later) // 2
    # Late, repeated and in any order: the second file has some rows of the first.
    assert world.outcomes(world.file(later.iloc[half - 50 :])) == 0
    assert world.outcomes(world.file(later.iloc[: half + 50])) == 0
    found = realised_table(world.url, world.outputs)
    assert found.rows is not None
    assert found.unjudged == {}
    assert found.n_differing == 0
    advised = found.rows[found.rows[OutOfFold.MODEL] == ADVISED]
    expected = offline(world)
    assert len(expected) == len(advised) == 240
    assert (advised[OutOfFold.DECISION] == "recommend").any()
    np.testing.assert_equal(values(advised, world), values(expected, world))
