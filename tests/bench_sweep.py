"""`just bench sweep`: what a sweep costs on top of fitting and predicting; composing and resuming."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

THREE_THOUSAND_ROWS = ("target=held", "data.n_subscribers=250", "data.n_months=12")
LGBM = ("-m", "model=lgbm", "target=held", "data.n_subscribers=1000", "baselines=[]")
REPEATS = 5


def sweep() -> list[str]:
    """Cost per cell, linearity, composing, resuming, and two workers against one."""
    return [*overhead(), *composing(), *workers()]


def overhead() -> list[str]:
    """Seconds a cell on top of the bare loop, for 50, 100, 300 and 1,000 cells of dummy; and resuming."""
    lines = []
    bare = bare_seconds(50) / 50
    lines.append(f"bare loop, dummy on 3,000 rows, same folds: {bare * 1e3:.0f} ms a cell")
    for n in (50, 100, 300, 1_000):
        with working_folder():
            took = sweep_seconds("-m", "model=dummy", f"seed=range({n})", *THREE_THOUSAND_ROWS)
            lines.append(
                f"{n:,} cells: {took / n - bare:.3f} s a cell on top (at most 0.3 for 50, then flat)"
            )
            if n == 1_000:
                again = sweep_seconds("-m", "model=dummy", f"seed=range({n})", *THREE_THOUSAND_ROWS)
                lines.append(f"resuming {n:,} finished cells: {again:.1f} s (under 10)")
    return lines


def bare_seconds(n: int) -> float:
    """Fit and predict the same models on the same folds, one after the other, in this process."""
    from planrec.config.compose import compose
    from planrec.training.experiment import load_decisions
    from planrec.training.fitting import fitted_recommender

    config = compose("model=dummy", *THREE_THOUSAND_ROWS)
    table = load_decisions(config).table
    seconds = 0.0
    for seed in range(n):
        folds = list(config.cv.split(table, seed))
        start = perf_counter()
        for model in (config.model, *config.baselines.values()):
            for fold in folds:
                recommender = fitted_recommender(config, model, table.take(fold.train), table, 1)
                recommender.recommend(table.take(fold.test))
        seconds += perf_counter() - start
    return seconds


def composing() -> list[str]:
    """Compose and validate 1,000 cells over four groups and plain values."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from planrec.config.compose import register_with_hydra
    from planrec.config.conf_folder import CONF
    from planrec.sweeps.compose_cells import CellComposer
    from planrec.sweeps.hydra_sweeper import combinations

    typed = [
        "model=lgbm,logistic,forest,dummy,hist_boosting",
        "features=usage,bills",
        "target=held,best_bill",
    ]
    typed += ["seed=range(50)", "catalogue=ladder"]
    register_with_hydra()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
    start = perf_counter()
    asked = combinations(OverridesParser.create().parse_overrides(typed))
    cells = CellComposer(loader, [], ()).cells(asked)
    return [f"composing and validating {len(cells):,} cells: {perf_counter() - start:.1f} s (under 20)"]


def workers() -> list[str]:
    """A LightGBM sweep with two cells at a time against one after the other, in turn."""
    ratios = []
    for repeat in range(REPEATS):
        seconds = []
        for n_jobs in (1, 2):
            with working_folder():
                seeds = ",".join(str(100 * repeat + seed) for seed in range(12))
                seconds.append(sweep_seconds(*LGBM, f"seed={seeds}", f"sweep.n_jobs={n_jobs}"))
        ratios.append(seconds[1] / seconds[0])
    return [
        f"two workers against one, 12 LightGBM cells, whole command: {np.median(ratios):.2f} x the time,"
        f" median of {REPEATS}, from {min(ratios):.2f} to {max(ratios):.2f} (at most 0.75)"
    ]


def sweep_seconds(*arguments: str) -> float:
    """Wall time of the whole command line, as a process of its own."""
    start = perf_counter()
    subprocess.run([sys.executable, "-m", "planrec", "train", *arguments], check=True, capture_output=True)
    return perf_counter() - start


@contextlib.contextmanager
def working_folder() -> Iterator[None]:
    """An empty folder to work in."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
