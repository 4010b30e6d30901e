"""Ray Data brings the same answers as one process."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from planrec.run_folder import load_run
from planrec.score.scorer import Scorer
from tests.score.test_score import months_table


@pytest.fixture
def local_ray() -> Any:
    pytest.importorskip("ray")
    import ray
    import ray.data

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


# Ray leaves sockets and files to the collector, and warns of its own plans.
@pytest.mark.filterwarnings("ignore")
def test_ray_data_says_what_one_process_says(local_ray: Any, bill_run: Path) -> None:
    from planrec.score.ray_data import score_dataset

    table = months_table(n=12)
    shuffled = pa.Table.from_pandas(table.sample(frac=1, random_state=0), preserve_index=False)
    blocks = [shuffled.slice(start, 20) for start in range(0, len(shuffled), 20)]
    found = score_dataset(local_ray.data.from_arrow(blocks), str(bill_run), n_parts=3).take_all()
    wanted = Scorer(load_run(bill_run), "en", True).score(pa.Table.from_pandas(table)).to_pylist()
    assert sorted(found, key=lambda row: row["subscriber_ref"]) == wanted
