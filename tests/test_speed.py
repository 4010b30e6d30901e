"""The speed of a recommender is sampled in little time, from the rows that it is given."""

from planrec.run_folder import load_run
from planrec.speed import speed_of
from tests.conftest import SMALL_BILLS


def test_a_batch_is_faster_than_its_rows_one_by_one(bill_run):
    from planrec.compose import compose
    from planrec.experiment import load_decisions

    recommender, table = load_run(bill_run).recommender, load_decisions(compose(*SMALL_BILLS)).table
    speed = speed_of(recommender, table)
    assert 0 < speed.one_row_p50_ms <= speed.one_row_p99_ms
    assert speed.rows_per_second > 1_000 / speed.one_row_p50_ms
