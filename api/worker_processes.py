"""The processes that answer: started, watched and replaced without waiting for any of them."""

import logging
import pickle
import signal
from contextlib import suppress
from socket import socket
from threading import Thread
from time import monotonic, sleep

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

HUNG_SECONDS = 30.0
"A worker that does not answer for this time is replaced; on a busy machine the imports take ten."
STOP_SECONDS = 35.0
"After a signal to stop, workers have this time to end, which is more than the grace period of requests."
_STOP = {signal.SIGINT, signal.SIGTERM}
log = logging.getLogger("planrec.api.workers")


class Worker(Process):
    """One process; its answers to pings are collected later, and never waited for."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        """Prepare a process that is not started yet."""
        super().__init__(config, sockets)
        self._answered = monotonic()
        self._is_asked = False

    def target(self, sockets: list[socket] | None = None) -> None:
        """Run in the new process: load the app, then serve."""
        server = self.server
        Thread(target=self.always_pong, daemon=True).start()
        # Before uvicorn handles signals: until then, a signal to stop ends the process at once.
        self.config.load()
        server.run(sockets)

    def is_alive(self, timeout: float = HUNG_SECONDS) -> bool:
        """Return at once whether the process runs and has answered within the last `timeout` seconds."""
        if not self.process.is_alive():
            return False
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            if not self._is_asked:
                self.parent_conn.send(b"ping")
                self._is_asked = True
            if self.parent_conn.poll(0):
                self.parent_conn.recv()
                self._answered, self._is_asked = monotonic(), False
        return monotonic() - self._answered < timeout


class WorkerProcesses(Multiprocess):
    """uvicorn's supervisor, which waits up to the timeout of the health check for each worker in turn.

    While it waits, a signal to stop has no effect, and dead workers are not replaced.
    """

    has_failed = False
    "Whether a worker could not start, because there is no run to serve."

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        """Handle signals from now on; no worker is started yet."""
        super().__init__(config, sockets)
        self._replaced: list[Process] = []
        "Workers that end after their last requests."

    def init_processes(self) -> None:
        """Start the workers."""
        self.processes.extend(self._started() for _ in range(self.processes_num))

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or hang; end the server if one could not start."""
        for place, worker in enumerate(self.processes):
            if self.should_exit.is_set() or worker.is_alive():
                continue
            worker.kill()
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:
                log.error("worker %s failed to start: the server ends", worker.pid)
                self.has_failed = True
                self.should_exit.set()
            else:
                log.warning("worker %s died and is replaced", worker.pid)
                self.processes[place] = self._started()

    def restart_all(self) -> None:
        """Replace each worker once its successor answers; a signal to stop ends this at once."""
        self._replaced = [worker for worker in self._replaced if worker.process.is_alive()]
        for place, worker in enumerate(self.processes):
            successor = self._started()
            if not self._serves(successor):
                log.error("worker %s is not replaced: its successor does not answer", worker.pid)
                successor.kill()
                successor.join()
                return
            worker.terminate()
            self._replaced.append(worker)
            self.processes[place] = successor

    def handle_ttin(self) -> None:
        """Start one more worker."""
        self.processes_num += 1
        self.processes.append(self._started())

    def join_all(self) -> None:
        """Wait for the workers to end, and kill those that do not."""
        deadline = monotonic() + STOP_SECONDS
        for worker in [*self.processes, *self._replaced]:
            worker.process.join(max(0.0, deadline - monotonic()))
            if worker.process.is_alive():
                log.error("worker %s did not end in time and is killed", worker.pid)
                worker.kill()
                worker.process.join()

    def _serves(self, worker: Worker) -> bool:
        """Wait until a new worker answers; return False if it does not, or if the server has to stop."""
        deadline = monotonic() + HUNG_SECONDS
        while monotonic() < deadline and worker.process.is_alive() and not _STOP & set(self.signal_queue):
            if worker.is_ready(timeout=0.5):
                return True
            sleep(0.1)
        return False

    def _started(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker
