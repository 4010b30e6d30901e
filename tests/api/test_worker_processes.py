"""The supervisor replaces and adds workers of its own class, on which its checks rely."""

from threading import Event

import pytest
from uvicorn.config import Config

from api.worker_processes import Worker, WorkerProcesses


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> WorkerProcesses:
    """Return a supervisor of two workers whose processes do not start."""
    for name in ("start", "terminate", "kill", "join"):
        monkeypatch.setattr(Worker, name, lambda worker: None)
    # Its __init__ would replace the signal handlers of the tests.
    found = WorkerProcesses.__new__(WorkerProcesses)
    found.config, found.sockets, found.signal_queue = Config("no:app"), [], []
    found.processes_num, found.processes, found._replaced = 2, [], []
    found.should_exit = Event()
    found.init_processes()
    return found


def test_a_signal_for_more_workers_adds_one(supervisor: WorkerProcesses) -> None:
    supervisor.handle_ttin()
    assert supervisor.processes_num == 3
    assert [type(worker) for worker in supervisor.processes] == [Worker] * 3


def test_a_signal_to_restart_replaces_every_worker(supervisor, monkeypatch) -> None:
    before = list(supervisor.processes)
    monkeypatch.setattr(WorkerProcesses, "_serves", lambda supervisor, worker: True)
    supervisor.handle_hup()
    assert [type(worker) for worker in supervisor.processes] == [Worker] * 2
    assert not set(before) & set(supervisor.processes)
    assert supervisor._replaced == before


def test_workers_stay_if_their_successors_do_not_answer(supervisor) -> None:
    before = list(supervisor.processes)
    supervisor.handle_hup()
    assert supervisor.processes == before
