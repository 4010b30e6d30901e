"""Width and colours of tables."""

import os
import pty
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

import pytest

from planrec.terminal import WIDTH, console_of_tables

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TextIO, int]]:
    """A terminal to write to, and the descriptor that reads from it."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        yield stream, ours
    os.close(ours)


@pytest.mark.parametrize(
    ("no_color", "written"), [(None, b"\x1b[31mwarning\x1b[0m\r\n"), ("1", b"warning\r\n")]
)
def test_a_terminal_has_colours_unless_no_color_is_set(no_color, written, terminal, monkeypatch):
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    stream, reader = terminal
    console_of_tables(file=stream).print("warning", style="red")
    stream.flush()
    assert os.read(reader, 1_000) == written


def test_other_outputs_have_no_colours_and_one_width(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    stream = StringIO()
    console = console_of_tables(file=stream)
    console.print("warning", style="red")
    assert stream.getvalue() == "warning\n"
    assert console.width == WIDTH
