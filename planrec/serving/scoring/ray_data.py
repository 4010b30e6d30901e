"""Scoring on many machines, with Ray Data: `pip install "planrec[ray]"`.

    import ray
    from planrec.serving.scoring.ray_data import score_dataset

    months = ray.data.read_parquet("s3://bucket/months/")
    score_dataset(months, "outputs/2030-01-31/12-00-00-abc123", n_parts=200).write_parquet("s3://bucket/advice/")

Every machine must reach the run folder under the same path.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from planrec.runs.read import load_run
from planrec.sentences import Language
from planrec.serving.scoring.part_columns import subscribers
from planrec.serving.scoring.scorer import Scorer

if TYPE_CHECKING:
    import ray.data

PART = "planrec part"


def score_dataset(
    rows: "ray.data.Dataset", run: str, n_parts: int, language: Language = "en"
) -> "ray.data.Dataset":
    """Give advice for every subscriber of a dataset, with the columns of scored files.

    The rows may be in any order. Those of a subscriber are brought together in one of `n_parts`, each of
    which must fit in a worker's memory. Bad rows fail the dataset's execution with DataError.
    """
    reader = _scorer(run, language).reader
    name = reader.column("subscriber")

    def with_part(block: pa.Table) -> pa.Table:
        return block.append_column(PART, pa.array(_parts_of(block, name, n_parts)))

    def scored(block: pa.Table) -> pa.Table:
        return _scorer(run, language).score(block.drop_columns([PART]))

    parted = rows.map_batches(with_part, batch_format="pyarrow")
    return parted.groupby(PART, num_partitions=n_parts).map_groups(scored, batch_format="pyarrow")


def _parts_of(block: pa.Table, name: str, n_parts: int) -> np.ndarray:
    """Choose the part of each row, shape (n,), int64: in every process the same for one subscriber."""
    from pandas.util import hash_array

    ids = subscribers(block, name).fill_null("").to_numpy()
    return (hash_array(ids, categorize=True) % n_parts).astype(np.int64)


@lru_cache(maxsize=4)
def _scorer(run: str, language: Language) -> Scorer:
    """Load the run once per worker."""
    return Scorer(load_run(Path(run)), language, has_reasons=True)
