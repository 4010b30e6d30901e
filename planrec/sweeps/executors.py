"""Executors of cells: this process, worker processes, or a Ray cluster. All return futures."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from time import sleep
from typing import Any, Protocol

from planrec.errors import ConfigError
from planrec.files.input_path import DATA_FOLDER_VARIABLE

LOOKS_EVERY = 0.5
"Seconds between a worker's checks that its sweep is still alive."


class Executor(Protocol):
    """An executor of function calls."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Start a call and return its future."""

    def close(self) -> None:
        """End all running calls at once."""


def executor_of(kind: str, n_jobs: int) -> Executor:
    """Return the executor of `sweep.executor` and `sweep.n_jobs`."""
    if kind == "ray":
        return RayExecutor(n_jobs)
    return ProcessExecutor(n_jobs) if n_jobs > 1 else ThisProcess()


class ThisProcess:
    """Executor in this process: one call after the other."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Run the call; the future is done when this returns."""
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def close(self) -> None:
        """Do nothing: no call is running."""


class ProcessExecutor:
    """joblib's worker processes. A dead worker breaks the pool, and `submit` then starts a new one."""

    def __init__(self, n_jobs: int) -> None:
        self._n_jobs = n_jobs
        self._pool: Any = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Send a call to a worker."""
        from joblib.externals.loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

        for _ in range(2):
            if self._pool is None:
                # The workers inherit OMP_WAIT_POLICY, which `planrec` sets: idle threads must not spin.
                self._pool = ProcessPoolExecutor(
                    self._n_jobs, initializer=_start_worker, initargs=(os.getpid(),)
                )
            with suppress(BrokenProcessPool):
                return self._pool.submit(function, *arguments)
            self._pool = None
        raise RuntimeError("worker processes end before they take a call")

    def close(self) -> None:
        """Kill the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)


class RayExecutor:
    """A Ray cluster: the one at RAY_ADDRESS, or one on this machine that ends with the sweep."""

    def __init__(self, n_jobs: int) -> None:
        try:
            import ray
        except ImportError as error:
            raise ConfigError("sweep.executor=ray needs Ray: type pip install 'planrec[ray]'") from error
        self._ray, self._n_jobs = ray, n_jobs

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Send a call to the cluster; Ray does not retry it, because the sweep decides that."""
        if not self._ray.is_initialized():
            self._join()
        remote = self._ray.remote(num_cpus=1, max_retries=0)(function)
        return remote.remote(*arguments).future()

    def close(self) -> None:
        """Cancel running calls and leave the cluster."""
        self._ray.shutdown()

    def _join(self) -> None:
        """Connect to the cluster. Raises ConfigError if it does not answer."""
        names = (DATA_FOLDER_VARIABLE, "OMP_WAIT_POLICY")
        passed_on = {name: os.environ[name] for name in names if name in os.environ}
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        address = os.environ.get("RAY_ADDRESS")
        if not address:
            # "local" starts a cluster of our own; one that others run on this machine is not used.
            options |= {"address": "local", "num_cpus": self._n_jobs, "include_dashboard": False}
        try:
            self._ray.init(runtime_env={"env_vars": passed_on}, **options)
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = f"the cluster of RAY_ADDRESS={address}" if address else "a cluster on this machine"
            raise ConfigError(f"sweep.executor=ray could not join {where}: {error}") from error


def _start_worker(sweep: int) -> None:
    """Ignore Ctrl-C, which the sweep handles, and end when the sweep ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(sweep,), daemon=True).start()


def _follow(sweep: int) -> None:
    while os.getppid() == sweep:
        sleep(LOOKS_EVERY)
    os._exit(1)
