"""Workers that start, die or hang must not delay a signal to stop, or each other."""

import json
import os
import re
import signal
from time import monotonic, sleep

import pytest

from tests.api.processes import serving


@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_a_signal_to_stop_ends_a_server_whose_workers_start(outputs, seconds):
    with serving(outputs, "--workers", "3") as server:
        server.wait_for("Started parent process")
        sleep(seconds)
        started = monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert monotonic() - started < 15


@pytest.mark.slow
def test_dead_workers_are_replaced_while_others_hang(outputs):
    with serving(outputs, "--workers", "3") as server:
        pids = [json.loads(server.wait_for("Application startup complete"))["pid"] for _ in range(3)]
        os.kill(pids[0], signal.SIGSTOP)
        started = monotonic()
        os.kill(pids[1], signal.SIGKILL)
        assert re.search(rf"worker {pids[1]} died", server.wait_for("died"))
        assert monotonic() - started < 5, "the check of the hung worker is not waited for"
        os.kill(pids[0], signal.SIGCONT)
        assert server.stop() == 0


@pytest.mark.nightly
def test_a_signal_to_restart_replaces_the_workers_one_by_one(outputs):
    with serving(outputs, "--workers", "2") as server:
        pids = {json.loads(server.wait_for("Application startup complete"))["pid"] for _ in range(2)}
        server.process.send_signal(signal.SIGHUP)
        new = {json.loads(server.wait_for("Application startup complete"))["pid"] for _ in range(2)}
        assert not pids & new
        assert server.stop() == 0
