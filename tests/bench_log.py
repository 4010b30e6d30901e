"""`just bench log`: the log writer's processor time for each row, with and without the hash chain."""

import importlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from time import clock_gettime, perf_counter, pthread_getcpuclockid, sleep
from typing import Any
from uuid import uuid4

import numpy as np

from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request
from planrec.serving.decision_log import LoggedAnswer
from tests.conftest import SMALL_BILLS
from tests.serving.decision_log.decisions import KEY, RUN
from tests.trained_runs import train_into

WITHOUT_CHAIN = "24e789de9d162bc937ddfedce2dd381f51cb212c"
"The last commit whose log had no chain."
MODULES = {"without": "log_without_chain", "with": "planrec.serving.decision_log"}
TRANSACTIONS = {250: 80, 20: 400}
"Rows of a transaction -> transactions; those of 250 are the largest, as when files are scored."
LOADS = (500, 2_000)
"Rows a second of one worker."
SECONDS, WINDOWS = 1.0, 16
"Length and number of the time windows at each load."

Contents = Sequence[tuple[bytes, bytes]]
"Requests and their answers."


def log() -> list[str]:
    """SQLite and PostgreSQL: the logs with and without the chain take turns in this process."""
    with tempfile.TemporaryDirectory() as folder, _log_without_chain(Path(folder)):
        contents = _answers(Path(folder) / "run")
        sqlite = _lines("SQLite", contents, lambda side: f"sqlite:///{folder}/{side}.sqlite")
        return [*sqlite, *_postgresql(contents)]


def _lines(database: str, contents: Contents, url: Callable[[str], str]) -> Iterator[str]:
    sides = {side: _Side(importlib.import_module(name), url(side)) for side, name in MODULES.items()}
    rows = cycle(contents)
    for n_rows, n_turns in TRANSACTIONS.items():
        times = _taking_turns(
            sides, n_turns, lambda side, n=n_rows: side.at_once([next(rows) for _ in range(n)])
        )
        yield f"{database}, {n_rows} rows a transaction: {_compared(times)}"
    for load in LOADS:
        times = _taking_turns(sides, WINDOWS, lambda side, load=load: side.at_load(load, rows))
        yield f"{database}, {load:,} rows a second: {_compared(times)}"
    for side in sides.values():
        side.log.close()


class _Side:
    def __init__(self, module: Any, url: str) -> None:
        self.log = module.DecisionLog(url, KEY, queue_size=10_000)
        self._clock = pthread_getcpuclockid(self.log._thread.ident)
        self._number = 0

    def at_once(self, contents: Contents) -> float:
        """Microseconds of the thread for each row, if all rows come together."""
        decisions = [self._decision(*content) for content in contents]
        start = clock_gettime(self._clock)
        for decision in decisions:
            self.log.record(decision)
        self._wait()
        return (clock_gettime(self._clock) - start) / len(decisions) * 1e6

    def at_load(self, load: int, contents: Iterator[tuple[bytes, bytes]]) -> float:
        """Microseconds of the thread for each row, if rows come one by one."""
        begun, start, n_rows = perf_counter(), clock_gettime(self._clock), 0
        while (elapsed := perf_counter() - begun) < SECONDS:
            for _ in range(int(elapsed * load) - n_rows):
                self.log.record(self._decision(*next(contents)))
                n_rows += 1
            sleep(0.001)
        self._wait()
        return (clock_gettime(self._clock) - start) / n_rows * 1e6

    def _wait(self) -> None:
        while self.log.counts.waiting:
            sleep(0.001)
        sleep(0.002)  # the thread has yet to wait for the next row

    def _decision(self, request: bytes, answer: bytes) -> LoggedAnswer:
        self._number += 1
        return LoggedAnswer(
            recommendation_id=f"{self._number:016x}-{uuid4()}",
            request_id=str(uuid4()),
            subscriber=f"+34 600 {self._number}",
            # Copies: each answer of a server is in memory of its own.
            request=bytes(bytearray(request)),
            language="en",
            answer=bytes(bytearray(answer)),
            arm="stay",
            latency_ms=1.5,
            run=RUN,
        )


def _taking_turns(
    sides: dict[str, _Side], n_turns: int, measure: Callable[[_Side], float]
) -> dict[str, np.ndarray]:
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(n_turns):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            times[name].append(measure(sides[name]))
    return {name: np.array(found[n_turns // 10 :]) for name, found in times.items()}


def _compared(times: dict[str, np.ndarray]) -> str:
    before, after = times["without"], times["with"]
    draws = np.random.default_rng(0).integers(0, len(before), (2_000, len(before)))
    low, high = np.quantile(after[draws].mean(axis=1) / before[draws].mean(axis=1), [0.025, 0.975])
    ratio = after.mean() / before.mean()
    us = f"{before.mean():.1f} us a row, with the chain {after.mean():.1f}"
    return f"{us}: x {ratio:.2f} ({low:.2f} to {high:.2f})"


def _answers(folder: Path) -> Contents:
    saved = load_run(train_into(folder, "model=lgbm", "baselines=[]", small=SMALL_BILLS))
    requests = [read_request(request) for request in saved.manifest.golden.requests]
    answers = answers_of(saved.recommender, dict(enumerate(requests)), ModelName("run", "1"))
    given = [json.dumps(request).encode() for request in saved.manifest.golden.requests]
    return list(zip(given, map(encoded, answers), strict=True))


@contextmanager
def _log_without_chain(folder: Path) -> Iterator[None]:
    """Make the decision log of an earlier commit importable, under another name."""
    package, name = "planrec/serving/decision_log", MODULES["without"]
    command = ["git", "archive", WITHOUT_CHAIN, package]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    shutil.move(folder / package, folder / name)
    for file in (folder / name).glob("*.py"):
        file.write_text(file.read_text("utf-8").replace(package.replace("/", "."), name), "utf-8")
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _postgresql(contents: Contents) -> list[str]:
    import psycopg

    from tests.serving.decision_log.postgresql_server import Server, programs

    found = programs()
    if found is None:
        return ["PostgreSQL is not installed: apt-get install postgresql"]
    folder = Path(tempfile.mkdtemp(prefix="planrec-pg-", dir="/tmp"))
    server = Server(found, folder)
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for side in MODULES:
                connection.execute(f'CREATE DATABASE "{side}"')
        return list(
            _lines("PostgreSQL", contents, lambda side: server.url.replace("/postgres?", f"/{side}?"))
        )
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    print(*log(), sep="\n")
