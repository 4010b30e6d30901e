"""Ray Data gives the same answers as one process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from planrec.errors import DataError
from planrec.runs.read import load_run
from planrec.serving.scoring.ray_data import score_dataset
from planrec.serving.scoring.scorer import Scorer
from tests.serving.scoring.test_score import months_table

MONTHS = months_table(n=12)


class OneProcess:
    """The methods of a Ray dataset that `score_dataset` calls, without a cluster."""

    def __init__(self, blocks: list[pa.Table]) -> None:
        self.blocks = blocks

    def map_batches(self, function: Callable[[pa.Table], pa.Table], batch_format: str) -> "OneProcess":
        assert batch_format == "pyarrow"
        return OneProcess([function(block) for block in self.blocks])

    def groupby(self, key: str, num_partitions: int) -> "OneProcess":
        table = pa.concat_tables(self.blocks)
        parts = table[key].unique().to_pylist()
        assert 1 < len(parts) <= num_partitions
        return OneProcess([table.filter(pc.field(key) == part) for part in parts])

    map_groups = map_batches


def shuffled_blocks() -> list[pa.Table]:
    """Return blocks in which the rows of a subscriber are spread."""
    shuffled = pa.Table.from_pandas(MONTHS.sample(frac=1, random_state=0), preserve_index=False)
    return [shuffled.slice(start, 20) for start in range(0, len(shuffled), 20)]


def in_order(advice: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort rows by subscriber, without their ids, which are new in every call."""
    assert len({row.pop("recommendation_id") for row in advice}) == len(advice)
    return sorted(advice, key=lambda row: row["subscriber_ref"])


@pytest.fixture
def wanted(bill_run: Path) -> list[dict[str, Any]]:
    """Return the answers of one process that has all rows in order."""
    return in_order(Scorer(load_run(bill_run), "en", True).score(pa.Table.from_pandas(MONTHS)).to_pylist())


def test_the_rows_of_a_subscriber_come_together_in_one_part(
    bill_run: Path, wanted: list[dict[str, Any]]
) -> None:
    dataset: Any = OneProcess(shuffled_blocks())
    found = score_dataset(dataset, str(bill_run), n_parts=3)
    assert in_order(pa.concat_tables(found.blocks).to_pylist()) == wanted


@pytest.mark.parametrize("cells", [["1.250", "310"], ["1,250", "310"]])
def test_numbers_with_two_readings_are_refused_in_every_part(row_run: Path, cells: list[str]) -> None:
    others = {"region": ["north"] * 2, "is_business": ["true"] * 2, "joined": ["2029-01-17"] * 2}
    rows = pa.table({"monthly spend": cells, **others, "calls/day": ["3", "4"]})
    scorer = Scorer(load_run(row_run), "en", False)
    with pytest.raises(DataError) as refused:
        scorer.score(rows)
    (problem,) = refused.value.problems
    assert problem.startswith(f"column 'monthly spend' must have one reading: {cells[0]!r} can be ")
    clear = rows.set_column(0, "monthly spend", pa.array(["1250.0", "310"]))
    assert scorer.score(clear).num_rows == 2


@pytest.fixture
def local_ray() -> Any:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'planrec[ray]'")
    import ray
    import ray.data

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


@pytest.mark.nightly
# Ray leaves sockets and files to the garbage collector, and warns about its own changes.
@pytest.mark.filterwarnings("ignore")
def test_ray_data_gives_the_answers_of_one_process(
    local_ray: Any, bill_run: Path, wanted: list[dict[str, Any]]
) -> None:
    found = score_dataset(local_ray.data.from_arrow(shuffled_blocks()), str(bill_run), n_parts=3)
    assert in_order(found.take_all()) == wanted
