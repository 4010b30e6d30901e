"""Scoring files: rows per second beside the booster alone, and memory that does not grow."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from planrec.schema.request import read_request

N_SUBSCRIBERS = 200_000
N_MANY = 1_000_000
MONTHS = 6


def score(n_few: int = N_SUBSCRIBERS, n_many: int = N_MANY) -> list[str]:
    """The booster alone on the same matrix; the same subscribers from file to file; peak memory."""
    from planrec.config.compose import compose
    from planrec.runs.read import load_run
    from planrec.runs.write import begin_run, save_run
    from planrec.training.experiment import run

    # One core for both sides: reading and writing would otherwise have one of their own.
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = compose("model=lgbm", "baselines=[]", "n_bootstrap=20", "cv.n_folds=2")
        begin_run(folder / "run", config, "bench")
        save_run(run(config), folder / "run", "bench")
        write_months(folder / "few.parquet", n_few)
        saved = load_run(folder / "run")
        booster = booster_alone(saved.recommender, folder / "few.parquet")
        lines = [f"booster alone, one thread: {booster:,.0f} subscribers/s"]
        write_csv(folder / "few.parquet")
        for suffix in ("parquet", "csv"):
            for has_reasons, goal in ((False, 0.6), (True, 0.25)):
                rate = n_few / scoring(saved, folder / f"few.{suffix}", has_reasons)
                what = "with sentences" if has_reasons else "without sentences"
                lines.append(
                    f"score {suffix} {what}: {rate:,.0f} subscribers/s of {MONTHS} months,"
                    f" {rate / booster:.0%} of the booster (at least {goal:.0%})"
                )
        write_months(folder / "many.parquet", n_many)
        peaks = [peak_of(folder, file) for file in ("few", "many")]
        lines.append(
            f"peak memory of the command: {peaks[0]:,.0f} MiB for {n_few:,} subscribers,"
            f" {peaks[1]:,.0f} MiB for {n_many:,}"
        )
        lines += one_answer(saved)
    os.sched_setaffinity(0, cores)
    return lines


def write_months(file: Path, n: int) -> None:
    """Simulated subscribers under the names of a request, written in parts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from planrec.config.compose import compose

    writer = None
    for part in range(0, n, 100_000):
        config = compose(f"data.n_subscribers={min(n - part, 100_000)}", f"data.n_months={MONTHS}")
        history = config.data.load(config.catalogue.open())
        held = pa.array(np.array(history.plans, object)[history.plan_held], pa.string())
        months = pa.array(np.datetime_as_string(history.month), pa.string())
        columns = {"subscriber": history.subscriber + part, "month": months, "plan_held": held}
        table = pa.table(columns | history.usage)
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def write_csv(file: Path) -> None:
    """The same as text."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    pacsv.write_csv(pq.read_table(file), file.with_suffix(".csv"))


def booster_alone(recommender: Any, file: Path) -> float:
    """Rows per second of `Booster.predict` on the matrix that scoring this file predicts from."""
    import pyarrow.parquet as pq

    from planrec.contracts import FileForm
    from planrec.data.reading.bad_rows import BrokenRules
    from planrec.data.reading.input_file import POSITION
    from planrec.data.reading.parquet_file import BATCH_ROWS
    from planrec.recommending.recommender import model_input
    from planrec.serving.scoring.month_reader import MonthReader
    from planrec.serving.scoring.part_columns import PartColumns

    rows = pq.read_table(file).slice(0, BATCH_ROWS // MONTHS * MONTHS)
    part = rows.append_column(POSITION, [np.arange(rows.num_rows)])
    _, table = MonthReader(recommender, FileForm()).table(PartColumns(part, BrokenRules()))
    matrix = recommender.pipeline[0].transform(model_input(recommender.features, recommender.model, table))
    booster = recommender.pipeline[-1].classifier_.booster_
    return len(matrix) / fastest(lambda: booster.predict(matrix, num_threads=1))


def scoring(saved: Any, file: Path, has_reasons: bool) -> float:
    """Seconds from file to file, without starting the process."""
    from planrec.serving.scoring.score_file import score_file
    from planrec.serving.scoring.scorer import Scorer

    scorer = Scorer(saved, "en", has_reasons)
    target = file.with_name(f"out{file.suffix}")
    return fastest(lambda: score_file(scorer, file, target, lambda share: None), 3)


def peak_of(folder: Path, name: str) -> float:
    """MiB that the command takes at most."""
    command = "import sys, resource; from planrec.cli import main; main(['score', *sys.argv[1:]]);"
    command += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    arguments = [str(folder / f"{name}.parquet"), str(folder / "out.csv"), "--run", str(folder / "run")]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def one_answer(saved: Any) -> list[str]:
    """Reasons of all plans of one subscriber, as an answer of the API has them."""
    recommender = saved.recommender
    tables = [recommender.table([read_request(request)]) for request in saved.manifest.golden.requests]
    decided = [(table, *recommender.recommend(table)) for table in tables]

    def explain() -> None:
        for table, prediction, decisions in decided:
            reasons = recommender.reasons(table, "en")
            reasons.of_decisions(prediction, decisions)
            for plan in range(len(recommender.plans)):
                reasons.of_plan(0, plan)

    each = fastest(explain, 20) / len(tables)
    return [f"all reasons of one answer, {len(recommender.plans)} plans: {each * 1e6:.0f} microseconds"]


def fastest(function: Any, repeats: int = 5) -> float:
    """Processor seconds of all threads in the fastest of a few calls: the same cores, whatever else runs."""
    times = []
    for _ in range(repeats):
        start = process_time()
        function()
        times.append(process_time() - start)
    return min(times)
