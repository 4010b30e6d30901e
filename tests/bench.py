"""`just bench`: the figures that PlanRec promises, measured on this machine. Nothing here is a test.

python tests/bench.py            every section
python tests/bench.py transformer training   some of them
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

SEED = 0


def transformer() -> list[str]:
    """One row through each feature transformer, and rows per second in a batch."""
    from planrec.config.compose import compose
    from planrec.features import FeaturesConfig
    from planrec.schema.columns import Usage, lag, take_rows

    assert FeaturesConfig
    generator = np.random.default_rng(SEED)
    n = 200_000
    usage = {lag(name, ago): generator.gamma(2, 300, n) for name in Usage.MEASURED for ago in range(1, 7)}
    words = np.array([f"city {number}" for number in range(50)], dtype=object)
    table = {f"number {k}": generator.normal(size=n) for k in range(10)}
    table |= {f"text {k}": words[generator.integers(0, 50, n)] for k in range(2)}
    lines = []
    for name, columns in (("usage", usage), ("table", table)):
        built = compose(f"features={name}").features.build(None)
        built.set_params(**({"encoding": "codes"} if name == "table" else {}))
        fitted = built.fit(take_rows(columns, np.arange(1_000)))
        rows = [take_rows(columns, np.array([row])) for row in range(500)]
        one = median_seconds(lambda fitted=fitted, rows=rows: [fitted.transform(row) for row in rows]) / len(
            rows
        )
        batch = median_seconds(lambda fitted=fitted, columns=columns: fitted.transform(columns))
        lines.append(
            f"features={name}: one row {one * 1e6:.0f} microseconds (at most 100),"
            f" {n / batch / 1e6:.2f} million rows/s (at least 1) with {len(columns)} columns"
        )
    return lines


def training() -> list[str]:
    """Share of `train model=lgbm` on 100,000 rows that is spent in the model's own fit and predict."""
    from planrec.config.compose import compose
    from planrec.model.boosted_trees import BoostedTrees
    from planrec.training.experiment import run

    spent = [0.0]
    for method in ("fit", "predict_proba"):
        setattr(BoostedTrees, method, timed(getattr(BoostedTrees, method), spent))
    config = compose("target=held", "data.n_subscribers=8334", "data.n_months=12", "baselines=[]")
    start = perf_counter()
    result = run(config)
    whole = perf_counter() - start
    seconds = result.seconds
    computing = seconds["folds"] + seconds["final_fit"]
    return [
        f"train model=lgbm on {len(result.table):,} rows: {whole:.1f} s;"
        f" data {seconds['data']:.1f} s, intervals {seconds['intervals']:.1f} s,"
        f" folds and final fit {computing:.1f} s",
        f"inside the model's own fit and predict: {spent[0]:.1f} s,"
        f" {spent[0] / (whole - seconds['intervals']):.1%} of the run without intervals (at least 90 %)",
    ]


def intervals() -> list[str]:
    """Every metric's interval on 100,000 rows of 6 plans."""
    import pandas as pd

    from planrec.metrics import METRICS, evaluate
    from planrec.schema.predictions import OutOfFold

    generator = np.random.default_rng(SEED)
    n, plans = 100_000, [f"plan {k}" for k in range(6)]
    lines = []
    for n_subscribers in (20_000, n):
        probability = generator.dirichlet(np.ones(6), n)
        table = {
            OutOfFold.DECISION_ID: np.arange(n),
            OutOfFold.REPEAT: 0,
            OutOfFold.FOLD: 0,
            OutOfFold.MODEL: "model",
            OutOfFold.SUBSCRIBER: np.arange(n) % n_subscribers,
            OutOfFold.Y: np.array(plans, object)[generator.integers(0, 6, n)],
            OutOfFold.RECOMMENDED: np.array(plans, object)[probability.argmax(axis=1)],
            OutOfFold.DECISION: "recommend",
            OutOfFold.REASON: "most_probable",
        }
        table |= {OutOfFold.PROBABILITY + plan: probability[:, k] for k, plan in enumerate(plans)}
        table |= {OutOfFold.MENU + plan: np.ones(n, bool) for plan in plans}
        table |= {
            OutOfFold.HELD: np.array(plans, object)[generator.integers(0, 6, n)],
            OutOfFold.AS_OF: np.datetime64("2030-01-01", "s")
            + (np.arange(n) // n_subscribers).astype("timedelta64[s]"),
            OutOfFold.HORIZON: 3,
            OutOfFold.USAGE_DECILE: 1 + np.arange(n) % 10,
            OutOfFold.SEGMENT + "age": np.array(["<30", "30 to <60", "60+"], object)[np.arange(n) % 3],
            OutOfFold.SEGMENT + "sex": np.array(["f", "m"], object)[np.arange(n) % 2],
        }
        for prefix in (OutOfFold.FUTURE, OutOfFold.SWITCHING, OutOfFold.HIDDEN):
            table |= {prefix + plan: generator.gamma(4, 10, n).round(2) for plan in plans}
        frame = pd.DataFrame(table)
        took = median_seconds(lambda frame=frame: evaluate(frame, list(METRICS), SEED, 1_000), repeats=3)
        lines.append(
            f"{len(METRICS)} metrics, 1,000 draws, {n:,} rows of {n_subscribers:,} subscribers:"
            f" {took:.1f} s (at most 5)"
        )
    return lines


def importing() -> list[str]:
    """`import planrec`, and `--help`, as whole processes; the bare interpreter is subtracted."""
    bare = median_seconds(lambda: python("pass"), repeats=7)
    light = median_seconds(lambda: python("import planrec"), repeats=7)
    shown = median_seconds(
        lambda: python("from planrec.cli import main; main(['train', '--help'])"), repeats=7
    )
    return [
        f"import planrec: {(light - bare) * 1e3:.0f} ms (under 150)",
        f"planrec train --help: {shown:.2f} s (under 1)",
    ]


def simulator() -> list[str]:
    """Seconds for 10,000 subscribers x 12 months, peak memory for 1,000,000 x 12."""
    code = (
        "import resource, time; from planrec.config.compose import compose;"
        "config = compose('data.n_subscribers={n}', 'data.n_months=12');"
        "start = time.perf_counter(); history = config.data.load(config.catalogue.open());"
        "seconds = time.perf_counter() - start;"
        "print(len(history), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
    )
    lines = []
    for n, limit in ((10_000, "under 5 s"), (1_000_000, "within 4 GiB")):
        months, seconds, peak = python(code.format(n=n)).split()
        lines.append(
            f"simulator {n:,} x 12 ({int(months):,} months): {float(seconds):.1f} s,"
            f" peak {float(peak):.2f} GiB ({limit})"
        )
    return lines


def rating() -> list[str]:
    """Ratings per second on the ladder, one subscriber's months, and the memory of a large operator."""
    from planrec.catalogue import rate
    from planrec.config.compose import compose

    ladder = compose("catalogue=ladder").catalogue.open()
    assert ladder is not None
    n = 1_000_000
    many = usage_of(n)
    batch = median_seconds(lambda: rate(many, ladder))
    few = [usage_of(6, seed) for seed in range(500)]
    one = median_seconds(lambda: [rate(usage, ladder) for usage in few]) / len(few)
    seconds, peak = python(RATE_A_LARGE_OPERATOR).split()
    return [
        f"ladder, {n:,} months x 6 plans: {6 * n / batch / 1e6:.0f} million ratings/s on one core"
        " (at least 30)",
        f"one subscriber, 6 months x 6 plans: {one * 1e6:.0f} microseconds (under 150)",
        f"1,000,000 subscribers x 12 months x 20 plans in one call: {float(seconds):.1f} s,"
        f" peak {float(peak):.2f} GiB with usage and bills (within 3 GB, which is 2.79 GiB)",
    ]


RATE_A_LARGE_OPERATOR = """
import resource, time
from planrec.catalogue import Catalogue, rate
from planrec.config.compose import compose
from bench import usage_of

ladder = compose("catalogue=ladder").catalogue.open()
plans = [ladder.plans[k % 6].model_copy(update={"id": f"plan-{k}"}) for k in range(20)]
catalogue = Catalogue.model_validate(dict(ladder) | {"plans": plans})
usage = usage_of(12_000_000)
start = time.perf_counter()
bills = rate(usage, catalogue)
seconds = time.perf_counter() - start
assert bills.shape == (12_000_000, 20)
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def usage_of(n_months: int, seed: int = SEED) -> dict[str, np.ndarray]:
    """Months of usage as a history has them, quantised to 0.01."""
    from planrec.schema.columns import Usage

    generator = np.random.default_rng(seed)
    means = {
        Usage.VOICE_CALLS: 60,
        Usage.VOICE_MINUTES: 430,
        Usage.VOICE_MINUTES_BILLED: 460,
        Usage.SMS: 35,
        Usage.DATA_MIB: 17_700,
    }
    usage = {}
    for name, mean in means.items():
        usage[name] = generator.standard_gamma(4, n_months)
        usage[name] *= mean / 4
        np.round(usage[name], 2 if name in (Usage.VOICE_MINUTES, Usage.DATA_MIB) else 0, out=usage[name])
    return usage


def events() -> list[str]:
    """Seconds and peak memory of 5, 10 and 20 million events in Parquet."""
    from bench_events import events as lines

    return lines()


def sweep() -> list[str]:
    """What a sweep costs on top of fitting, composing, resuming; two workers against one."""
    from bench_sweep import sweep as lines

    return lines()


def answer() -> list[str]:
    """Where the microseconds of one answer go, besides predicting; and the same answer as Pydantic models."""
    from bench_answer import answer as lines

    return lines()


def score() -> list[str]:
    """Files of months: rows per second beside the booster alone, with and without sentences; memory."""
    from bench_score import score as lines

    return lines()


def log() -> list[str]:
    """The log writer's thread, for each row: with the hash chain and without it."""
    from bench_log import log as lines

    return lines()


SECTIONS: dict[str, Callable[[], list[str]]] = {
    "importing": importing,
    "transformer": transformer,
    "intervals": intervals,
    "rating": rating,
    "simulator": simulator,
    "events": events,
    "training": training,
    "sweep": sweep,
    "answer": answer,
    "score": score,
    "log": log,
}


def median_seconds(function: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time of a few calls, after one that is not counted."""
    function()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return float(np.median(times))


def timed(method: Callable[..., object], spent: list[float]) -> Callable[..., object]:
    """The method, adding its wall time to `spent`."""

    def wrapper(*args: object, **kwargs: object) -> object:
        start = perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            spent[0] += perf_counter() - start

    return wrapper


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return done.stdout


def main() -> int:
    """Run the named sections, or all."""
    parser = argparse.ArgumentParser("python tests/bench.py", description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help=", ".join(SECTIONS))
    chosen = parser.parse_args().sections or list(SECTIONS)
    print(f"Python {platform.python_version()}, {platform.machine()}, {len_cores()} cores")
    for name in chosen:
        print(f"\n{name}", flush=True)
        for line in SECTIONS[name]():
            print(f"  {line}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of this process {peak:.2f} GiB")
    return 0


def len_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    assert Path("pyproject.toml").is_file(), "run me from the repository"
    sys.exit(main())
