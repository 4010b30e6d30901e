"""The address of the web page that the server prints."""

import os
import socket
from unittest.mock import patch

import pytest

from api.announcing_server import announce
from planrec.cli import main
from tests.api.processes import serving


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_printed_address_can_be_opened_on_this_machine(host, capsys):
    with socket.socket() as listening:
        listening.bind((host, 0))
        announce(listening)
        port = listening.getsockname()[1]
    printed = capsys.readouterr().out
    assert printed.startswith(f"open http://127.0.0.1:{port}/ in a browser;")
    assert f"http://127.0.0.1:{port}/docs" in printed


def test_a_server_prints_its_address_once_it_answers(capfd, outputs):
    with serving(outputs) as server:
        server.wait_for("running on http://")
        status, _, page = server.ask("GET", "/")
        assert (status, b"PlanRec" in page) == (200, True)
    assert capfd.readouterr().out.count(f"open http://127.0.0.1:{server.port}/ in a browser") == 1


def test_a_port_in_use_is_reported_with_a_command_that_works(outputs, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with patch.dict(os.environ):  # the command sets variables for its workers
            assert main(["serve", "--outputs", str(outputs), "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"cannot use port {port} of 127.0.0.1: Address already in use" in said
    assert "planrec serve --port 0" in said
