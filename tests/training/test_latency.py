"""The latency of a recommender is sampled in a short time, from the given rows."""

from planrec.runs.read import load_run
from planrec.training.latency import speed_of
from tests.conftest import SMALL_BILLS


def test_a_batch_is_faster_than_its_rows_one_by_one(bill_run):
    from planrec.config.compose import compose
    from planrec.training.experiment import load_decisions

    recommender, table = load_run(bill_run).recommender, load_decisions(compose(*SMALL_BILLS)).table
    speed = speed_of(recommender, table)
    assert 0 < speed.one_row_p50_ms <= speed.one_row_p99_ms
    assert speed.rows_per_second > 1_000 / speed.one_row_p50_ms
