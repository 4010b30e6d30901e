"""Leaks that only warn: each planted one is found by its check, and clean data has none."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planrec.checks import run_checks
from planrec.config.run_config import RunConfig
from planrec.reports.cards.model_card import model_cards
from planrec.reports.page.report_page import report_page
from planrec.reports.page.requested_runs import read_requested_runs
from planrec.runs.write import begin_run, save_run
from planrec.schema.tables import DecisionTable
from planrec.testing.planted_leaks import PLANTED
from planrec.training.experiment import load_decisions, run
from planrec.training.run_terminal import print_result
from planrec.wording import leak_notes
from tests.quick_configs import composed

FOUND_BY = {
    "copy of the label, 10 % noise": "dominant_column",
    "copy of the label, 30 % noise": "dominant_column",
    "invoice, noise of 0.7 steps": "dominant_column",
    "invoice, noise of a step": "dominant_column",
    "allowance, filled in 60 % of rows": "missing_as_signal",
    "value for one plan only": "missing_as_signal",
    "target encoding over 400 cells": "encoded_target",
    "near duplicates without id": "near_twins",
    "invoice and its variable part": "pair_of_columns",
    "two codes that name the plan together": "pair_of_columns",
    "known later, by name": "unknowable_column",
    "known later, by date": "unknowable_column",
}


@pytest.fixture(scope="module")
def clean() -> tuple[RunConfig, DecisionTable]:
    """The last decision of each of 1,000 simulated subscribers."""
    config = composed(
        "target=held", "model=lgbm", "data.n_subscribers=1000", "data.n_months=2", "data.seed=3"
    )
    table = load_decisions(config).table
    assert table.as_of is not None
    return config, table.take(np.flatnonzero(table.as_of == table.as_of.max()))


@pytest.fixture(scope="module")
def leaking_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stranger's table with a column that names the plan in most of its rows."""
    random = np.random.default_rng(5)
    plan = random.integers(0, 2, 400)
    noisy = np.where(random.random(400) < 0.15, random.integers(0, 2, 400), plan)
    file = tmp_path_factory.mktemp("leaking") / "customers.csv"
    columns = {
        "spend": random.normal(20 + 3 * plan, 5).round(2),
        "Tarif (€), alt": np.array(["A", "B"])[noisy],
        "tariff": np.array(["small", "big"])[plan],
    }
    pd.DataFrame(columns).to_csv(file, index=False)
    return file


def of_file(file: Path, *more: str) -> RunConfig:
    small = ("model=logistic", "cv.n_folds=2", "n_bootstrap=50", "threads=1")
    return composed("data=table", f"data.path={file}", "data.plan_column=tariff", *small, *more)


def leaks(config: RunConfig, table: DecisionTable, dropped: Sequence[str] = ()) -> tuple[str, ...]:
    folds = list(config.cv.split(table, config.seed))
    whole = config.cv.keeps_subscribers_whole
    return leak_notes(run_checks(table, folds, config.waivers, dropped, keeps_subscribers_whole=whole))


def test_every_planted_leak_is_expected() -> None:
    assert list(FOUND_BY) == list(PLANTED)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_leak_warns(kind: str, clean: tuple[RunConfig, DecisionTable]) -> None:
    config, table = clean
    found = leaks(config, PLANTED[kind](table, np.random.default_rng(0)))
    assert {note.removeprefix("possible leak, ").partition(":")[0] for note in found} == {FOUND_BY[kind]}


@pytest.mark.parametrize("regime", ["default", "near_rational"])
def test_simulated_months_have_no_leaks(regime: str) -> None:
    config = composed("target=held", "model=lgbm", "data.n_subscribers=1500", f"data.regime={regime}")
    assert leaks(config, load_decisions(config).table) == ()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("megaline_us", marks=pytest.mark.slow),
        "megaline_ru",
        "megaline_ru_public",
        "iranian_operator",
        "telephone",
    ],
)
def test_public_data_has_no_leaks(data: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANREC_DATA", str(shared_data))
    config = composed(f"data={data}", f"model={'conditional_logit' if data == 'telephone' else 'lgbm'}")
    assert leaks(config, load_decisions(config).table, config.data.drop_columns) == ()


def test_columns_of_noise_are_no_leaks(clean: tuple[RunConfig, DecisionTable]) -> None:
    config, table = clean
    random = np.random.default_rng(1)
    noise = {f"noise {k}": random.normal(size=len(table)) for k in range(30)}
    codes = {f"code {k}": random.integers(0, 4 + k, len(table)).astype(float) for k in range(10)}
    partly = {
        f"partly {k}": np.where(random.random(len(table)) < 0.6, np.nan, values)
        for k, values in enumerate(codes.values())
    }
    assert leaks(config, replace(table, X=table.X | noise | codes | partly)) == ()


def test_the_advised_override_drops_the_leak(leaking_file: Path) -> None:
    config = of_file(leaking_file)
    (note,) = leaks(config, load_decisions(config).table)
    (advised,) = [word for word in shlex.split(note.partition("; add ")[2]) if "=" in word]
    repaired = of_file(leaking_file, advised)
    assert repaired.data.drop_columns == ("Tarif (€), alt",)
    assert leaks(repaired, load_decisions(repaired).table) == ()


def test_terminal_report_and_card_show_the_warning(
    leaking_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, config = tmp_path / "2030-01-31" / "12-00-00-abc123", of_file(leaking_file)
    begin_run(folder, config, "planrec train")
    result = run(config)
    save_run(result, folder, "planrec train")
    print_result(result, folder, tmp_path, in_full=False)
    (note,) = leak_notes(result.notes)
    assert f"warning: {note}\n" in capsys.readouterr().out
    (requested,) = read_requested_runs([folder]).runs
    assert requested.manifest.reservations == (note,)
    words = "alone reduces the log-loss of the plan held by"
    box = (
        report_page(read_requested_runs([folder]))
        .partition('<div class="warning">')[2]
        .partition("</div>")[0]
    )
    assert words in box
    assert "**Warning:** possible leak" in model_cards([folder])
