"""The end of a training in the terminal, and its progress."""

from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress

from planrec.config.conf_folder import groups, options, options_text
from planrec.runs.read import read_manifest
from planrec.training import run_terminal
from planrec.training.run_terminal import bar_of
from planrec.training.verdict import verdict_of
from planrec.training.verdict_table import verdict_table


@pytest.mark.parametrize("run", ["history_run", "bill_run", "row_run"])
def test_the_table_fits_80_characters_with_the_own_model_first(run, request):
    manifest = read_manifest(request.getfixturevalue(run))
    stream = StringIO()
    Console(file=stream, width=200).print(verdict_table(manifest.metrics, verdict_of(manifest)))
    head, _, own, *others = stream.getvalue().splitlines()
    assert len(head.split("  ")) > 4
    assert own.split()[0] == manifest.model_kind
    assert len(others) == len(manifest.config["baselines"])
    assert max(map(len, stream.getvalue().splitlines())) <= 80


def render(progress: Progress) -> str:
    """The bar as it is drawn now."""
    stream = StringIO()
    Console(file=stream, width=100).print(progress.get_renderable())
    return stream.getvalue()


def test_progress_names_its_step_and_counts_only_steps_that_have_a_number():
    bar, report = bar_of("planrec train", Console(file=StringIO()))
    frames = []
    for step in (
        ("reading the data", 0, 0),
        ("lgbm, fold 1 of 5", 0, 5),
        ("lgbm, fold 5 of 5", 5, 5),
        ("fitting the final model", 0, 0),
    ):
        report(*step)
        frames.append(render(bar))
        assert step[0] in frames[-1]
    assert ["/" in frame for frame in frames] == [False, True, True, False]
    assert "0/5" in frames[1]


def test_the_clock_of_the_progress_never_stops(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(run_terminal, "perf_counter", lambda: now[0])
    bar, report = bar_of("planrec train", Console(file=StringIO()))
    report("lgbm, fold 5 of 5", 5, 5)
    now[0] += 61
    assert "0:01:01" in render(bar)
    report("fitting the final model", 0, 0)
    now[0] += 61
    assert "0:02:02" in render(bar)


def test_every_option_has_a_whole_sentence_in_the_help():
    lines = [line.strip("* ") for line in options_text().splitlines() if line.startswith("  ")]
    names = {option for group in groups() for option in options(group)}
    described = dict(line.split(" ", 1) if " " in line else (line, "") for line in lines)
    assert {name for name in names if not described[name].strip()} == set()
    texts = {text.strip() for text in described.values()}
    cut = [text for text in texts if text.endswith((":", ",", " and", " are", " of")) or len(text) > 120]
    assert cut == []
