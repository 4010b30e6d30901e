"""`just bench-serve`: what serving costs, written to docs/performance.md. Nothing here is a test.

python tests/bench_serve.py           every figure, in some minutes
python tests/bench_serve.py --quick   few requests, nothing written: does the bench still run?
"""

import argparse
import gc
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np

from planrec.schema.request import fields_of, json_of, read_request

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.bench_score import score
from tests.load_client import Load, pace, requests_to, saturate
from tests.serve_stages import stages

PAGE = Path("docs/performance.md")
MODELS = ("lgbm", "forecast")
GROWTH_REQUESTS = 200_000
CLIENT_CORE, SERVER_CORE = 0, -1
"Positions in the list of cores that this process may use."


@dataclass(frozen=True)
class Saturated:
    """A route that gets as many requests as it can answer."""

    per_second: float
    microseconds: float
    "Processor time of the server per request: says the same, and is not disturbed by what else is running."


@dataclass(frozen=True)
class Figures:
    """Of one model."""

    model: str
    first_answer_seconds: float
    predict: "Saturated"
    echo: "Saturated"
    alone: "Saturated"
    "`/predict` answering requests one by one."
    pandas: "Saturated | None"
    paced: Load
    shipped: "Saturated"
    "`/predict` of `planrec serve` as it is installed, which logs requests and decisions."
    shipped_paced: Load
    stages: dict[str, float]
    mib: tuple[float, float]
    "Resident memory of a worker of `planrec serve`, before and after the growth requests."
    n_growth: int


def main() -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser("python tests/bench_serve.py", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few requests, no page")
    parser.add_argument("--serve", nargs=3, metavar=("OUTPUTS", "KIND", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), options.serve[1], int(options.serve[2]))
        return 0
    pin_to(os.getpid(), CLIENT_CORE)
    scale = 0.02 if options.quick else 1.0
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        noop = no_op(int(20_000 * scale))
        for model in MODELS:
            figures.append(figures_of(model, Path(folder) / model, scale))
            print("\n".join(lines_of(figures[-1])), flush=True)
    told("model=lgbm: files")
    files = score(2_000, 4_000) if options.quick else score()
    print("\n".join(files))
    if not options.quick:
        PAGE.write_text(page(noop, figures, files), "utf-8")
        print(f"wrote {PAGE}")
    return 0


def figures_of(model: str, outputs: Path, scale: float) -> Figures:
    """Train, pin, serve and load one model."""
    saved = pinned(model, outputs)
    bodies = bodies_of(saved)
    predict, echo = requests_to("/predict", bodies), requests_to("/bench/echo", bodies)
    first = min(first_answer(outputs, bodies[0]) for _ in range(3 if scale == 1 else 1))
    # What grows is the server's, not the model's: one model shows it.
    n_growth = int(GROWTH_REQUESTS * scale * (1.0 if model == "lgbm" else 0.1))
    pandas = None
    if model == "lgbm":
        with served(outputs, "pandas") as (port, pid):
            one_by_one = requests_to("/bench/alone", bodies)
            saturate(port, one_by_one, 20)
            pandas = loaded(pid, port, one_by_one, int(1_500 * scale) + 20)
    with served(outputs, "measured") as (port, pid):
        told(f"model={model}: echo and /predict in turns")
        n = int(10_000 * scale)
        for warm in (echo, predict):
            saturate(port, warm, 500)
        # In turns, so that a slow spell of the machine meets both.
        turns = [(loaded(pid, port, echo, n), loaded(pid, port, predict, n)) for _ in range(3)]
        echoed, predicted = (
            sorted(loads, key=lambda load: load.per_second)[1] for loads in zip(*turns, strict=True)
        )
        told("one by one")
        alone = loaded(pid, port, requests_to("/bench/alone", bodies), n // 4)
        told("at half of the load")
        paced = pace(port, predict, int(20_000 * scale), predicted.per_second / 2)
    with shipped(outputs) as (port, pid):
        told("as it is installed")
        saturate(port, predict, 500)
        logging = loaded(pid, port, predict, n)
        logging_paced = pace(port, predict, n, logging.per_second / 2)
        told(f"{n_growth:,} requests, to see whether memory grows")
        before = resident_mib(pid)
        saturate(port, predict, n_growth)
        memory = before, resident_mib(pid)
    taken = stages(saved, bodies, n=int(2_000 * scale))
    return Figures(
        model,
        first_answer_seconds=first,
        predict=predicted,
        echo=echoed,
        alone=alone,
        pandas=pandas,
        paced=paced,
        shipped=logging,
        shipped_paced=logging_paced,
        stages=taken,
        mib=memory,
        n_growth=n_growth,
    )


def told(what: str) -> None:
    """Say what is measured now: the whole bench takes minutes."""
    print(f"... {what}", file=sys.stderr, flush=True)


def loaded(pid: int, port: int, requests: list[bytes], n: int) -> "Saturated":
    """Load a server, and see what it computes meanwhile."""
    before = computing_seconds(pid)
    load = saturate(port, requests, n)
    return Saturated(load.per_second, (computing_seconds(pid) - before) / n * 1e6)


def computing_seconds(pid: int) -> float:
    """Processor time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pinned(model: str, outputs: Path) -> Any:
    """A trained and pinned default run of the model."""
    from planrec.serving.pin import load_pinned
    from planrec.serving.pin_run import pin_run
    from tests.trained_runs import train_into

    small = ("data.n_subscribers=1000", "n_bootstrap=50", "baselines=[]")
    pin_run(train_into(outputs / "2030-01-31" / "12-00-00-abc123", f"model={model}", small=small), outputs)
    return load_pinned(outputs)


def bodies_of(saved: Any, n: int = 500) -> list[bytes]:
    """Requests of many subscribers: one row again and again stays in the processor's cache."""
    from planrec.recommending.request_table import requests_of

    catalogue = saved.recommender.catalogue
    table = saved.config.target.label(saved.config.data.load(catalogue), catalogue)
    rows = np.random.default_rng(0).permutation(len(table))[:n]
    fields = [name for name in fields_of(table.inputs) if name not in ("as_of", "exclude", "top_k")]
    return [json_of(request, fields) for request in requests_of(table.take(rows))]


def serve(outputs: Path, kind: str, port: int) -> None:
    """The real app, with the routes of the bench beside its own; runs until it is ended."""
    import uvicorn

    from api.app import create_app
    from planrec.serving.pin import load_pinned

    saved = load_pinned(outputs)
    if kind == "pandas":
        saved = replace(saved, recommender=with_pandas(saved.recommender))
    app = create_app(saved)
    app.register(echo_route(saved))
    app.register(alone_route(saved))
    gc.freeze()  # as `pinned_app` does
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def echo_route(saved: Any) -> Any:
    """POST /bench/echo: reads and writes what /predict does, and computes nothing between."""
    from litestar import MediaType, Request, Response, post

    from api.parsing.request_body import parse_request
    from api.parsing.request_model import request_model
    from planrec.recommending.answer import ModelName, encoded
    from planrec.recommending.answering import answers_of

    model = request_model(saved.recommender)
    example = saved.manifest.golden.requests[0]
    (answer,) = answers_of(saved.recommender, {"id": read_request(example)}, ModelName(saved.run_id, "bench"))

    @post("/bench/echo", status_code=200)
    async def echo(request: Request[Any, Any, Any]) -> Response[bytes]:
        parse_request(model, await request.body())
        return Response(encoded(answer), media_type=MediaType.JSON)

    return echo


def alone_route(saved: Any) -> Any:
    """POST /bench/alone: `/predict` without answering requests together that are there together."""
    from litestar import MediaType, Request, Response, post

    from api.answer_requests import answer_all
    from api.parsing.request_body import parse_request
    from api.served_run import ServedRun
    from planrec.recommending.answer import encoded

    run = ServedRun.of(saved)

    @post("/bench/alone", status_code=200)
    async def alone(request: Request[Any, Any, Any]) -> Response[bytes]:
        [answer] = answer_all(run, [parse_request(run.request_model, await request.body())], "en")
        return Response(encoded(answer), media_type=MediaType.JSON)

    return alone


def with_pandas(recommender: Any) -> Any:
    """The same model behind features written with pandas, asked through LightGBM's scikit-learn wrapper."""
    from lightgbm import LGBMClassifier
    from sklearn.pipeline import Pipeline

    from tests.pandas_features import PandasFeatures

    names = recommender.pipeline[0].get_feature_names_out().tolist()
    classifier = recommender.estimator.classifier_
    classifier.__class__ = LGBMClassifier
    classifier.set_params(n_jobs=1)
    steps = [("features", PandasFeatures(recommender.catalogue, names)), ("model", classifier)]
    return replace(recommender, pipeline=Pipeline(steps))


@contextmanager
def running(*arguments: str) -> Iterator[tuple[int, int]]:
    """A Python process on a core of its own, given a free port as the last argument: the port and its pid."""
    port = free_port()
    command = [sys.executable, *arguments, str(port)]
    # As nobody has set anything, with the log of every request thrown away.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANREC_")}
    log = subprocess.DEVNULL if "api" in arguments else None
    process = subprocess.Popen(command, env=environment, stderr=log, stdout=subprocess.DEVNULL)
    try:
        pin_to(process.pid, SERVER_CORE)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def served(outputs: Path, kind: str) -> Iterator[tuple[int, int]]:
    """A server of the bench: its port and pid."""
    with running(__file__, "--serve", str(outputs), kind) as (port, pid):
        until_answers(f"http://127.0.0.1:{port}/health", None)
        yield port, pid


@contextmanager
def shipped(outputs: Path) -> Iterator[tuple[int, int]]:
    """`planrec serve` with the settings it has: its port and pid."""
    with running("-m", "api", "--outputs", str(outputs), "--port") as (port, pid):
        until_answers(f"http://127.0.0.1:{port}/health", None)
        yield port, pid


def first_answer(outputs: Path, body: bytes) -> float:
    """Seconds from starting `planrec serve` to the first recommendation."""
    start = perf_counter()
    with running("-m", "api", "--outputs", str(outputs), "--port") as (port, _):
        until_answers(f"http://127.0.0.1:{port}/predict", body)
        return perf_counter() - start


def until_answers(url: str, body: bytes | None, seconds: float = 60.0) -> None:
    """Ask until there is an answer."""
    end = perf_counter() + seconds
    while True:
        try:
            urlopen(Request(url, body, {"Content-Type": "application/json"})).read()
            return
        except (URLError, ConnectionError):
            if perf_counter() > end:
                raise
            sleep(0.01)


def no_op(n: int) -> Load:
    """What the client reaches against a Litestar route that does nothing, in a process of its own."""
    code = (
        "import sys, uvicorn; from litestar import Litestar, post\n"
        "@post('/', status_code=200)\nasync def nothing() -> None: ...\n"
        "uvicorn.run(Litestar([nothing], openapi_config=None), port=int(sys.argv[1]), log_level='error')"
    )
    with running("-c", code) as (port, _):
        until_answers(f"http://127.0.0.1:{port}/", b"")
        return saturate(port, requests_to("/", [b""]), max(n, 100))


def free_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin_to(pid: int, core: int) -> None:
    """Keep a process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {CORES[core]})


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def lines_of(figures: Figures) -> list[str]:
    """One line per figure, with what it must be."""
    predict, echo, pandas = figures.predict, figures.echo, figures.pandas
    share = predict.per_second / echo.per_second
    most_ms = 10 if figures.model == "lgbm" else 5
    lines = [
        f"`/predict`, model={figures.model}: {predict.per_second:,.0f} answers/s,"
        f" {predict.microseconds:.0f} microseconds of processor time each",
        f"echo route with the same schemas: {echo.per_second:,.0f}/s, {echo.microseconds:.0f} microseconds;"
        f" `/predict` reaches {share:.0%} of its throughput"
        + (" (at least 35 %)," if pandas else ",")
        + f" {echo.microseconds / predict.microseconds:.0%} by processor time",
    ]
    if pandas is not None:
        lines.append(
            f"a pandas pipeline per request: {pandas.per_second:,.0f}/s, {pandas.microseconds:.0f}"
            f" microseconds; `/predict` is {predict.per_second / pandas.per_second:.1f} x as fast (at"
            f" least 15 x), {pandas.microseconds / predict.microseconds:.1f} x by processor time"
        )
    lines.append(
        f"without micro-batching, requests one by one: {figures.alone.per_second:,.0f}/s,"
        f" {figures.alone.microseconds:.0f} microseconds"
    )
    before, after = figures.mib
    return [
        *lines,
        f"`/predict` at half of its load: {percentiles(figures.paced)} (limit: p99 under {most_ms})",
        "`planrec serve` with default settings, so with a log line per request and the decision log on the"
        f" same core: {figures.shipped.per_second:,.0f}/s, {figures.shipped.microseconds:.0f} microseconds;"
        f" at half of that load {percentiles(figures.shipped_paced)} (limit: p99 under {most_ms})",
        f"memory of its worker under `/predict`: {after:.0f} MiB (limit: 300 MB, which is 286 MiB),"
        f" {after - before:+.1f} MiB over {figures.n_growth:,} requests",
        f"first answer {figures.first_answer_seconds:.2f} s after the start, the fastest of three"
        " (limit: 3 s)",
    ]


def percentiles(load: Load) -> str:
    """Half of the latencies are below the first, 99 in 100 below the second."""
    return f"p50 {load.percentile_ms(50):.2f} ms, p99 {load.percentile_ms(99):.2f} ms"


def page(noop: Load, figures: list[Figures], files: list[str]) -> str:
    """The page, made from one run of the bench."""
    lines = [
        "# Performance of serving",
        "",
        "Generated by `just bench-serve`. The server runs on one core. The load comes over loopback from a"
        " process on another core, with the requests of 500 subscribers in turn. Compare the ratios and not"
        " the absolute figures, because another machine is slower or faster at everything.",
        "",
        "Routes are compared in one app that writes neither log lines nor decisions. `planrec serve` with"
        " default settings writes both, on the same core; its log lines go to /dev/null. Latencies are"
        " measured from the time of sending.",
        "",
        f"Machine: {processor()}, {len(CORES)} cores; {platform.system()},"
        f" Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        + ".",
        "",
        f"The client reaches {noop.per_second:,.0f} answers/s with a route that does nothing.",
    ]
    for model in figures:
        lines += ["", f"## model={model.model}", "", *(f"* {line}" for line in lines_of(model))]
        whole, http = model.alone.microseconds, model.echo.microseconds
        rest = whole - http - sum(model.stages.values())
        rows = {"HTTP, routing, checking the body, JSON of the answer (the echo route)": http}
        rows |= model.stages | {"reasons, sentences, building the answer (the rest)": rest}
        lines += [
            "",
            "Time of a single request by stage:",
            "",
            "| stage | microseconds |",
            "|---|---:|",
        ]
        lines += [f"| {name} | {taken:.0f} |" for name, taken in rows.items()]
        lines += [f"| whole request | {whole:.0f} |"]
    lines += [
        "",
        "## `planrec score`, model=lgbm",
        "",
        "Subscribers per second of processor time on one core, from file to file, without the start of the"
        " process; the fastest of a few calls. The booster alone predicts from the same matrix.",
        "",
        *(f"* {line}" for line in files),
    ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    names = (
        [line for line in info.read_text("utf-8").splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0].split(":")[1].strip() if names else platform.processor()


PACKAGES = ("numpy", "lightgbm", "litestar", "uvicorn", "pydantic")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


if __name__ == "__main__":
    assert Path("pyproject.toml").is_file(), "run me from the repository"
    sys.exit(main())
