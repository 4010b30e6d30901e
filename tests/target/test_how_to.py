"""The steps of docs/how-to/advise-on-your-own-months.md work."""

import re
from pathlib import Path

import pandas as pd
import pytest

from planrec.cli import main
from planrec.metrics import METRICS
from planrec.runs.find import newest_run
from planrec.runs.read import load_run
from tests.conftest import REPOSITORY, SMALL_BILLS
from tests.target.test_best_bill import history_of

FEWEST_MONTHS = 12
HOW_TO = REPOSITORY / "docs" / "how-to"
PAGE = (HOW_TO / "advise-on-your-own-months.md").read_text("utf-8")
PLANS = (HOW_TO / "describe-your-plans.md").read_text("utf-8")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write months.csv with the printed columns, and plans.yaml of the other page, to the working folder."""
    monkeypatch.chdir(tmp_path)
    (plans,) = re.findall(r"```yaml\n# plans.yaml\n(.*?)```", PLANS, flags=re.DOTALL)
    Path("plans.yaml").write_text(plans, "utf-8")
    history = history_of(60, FEWEST_MONTHS, seed=0)
    months = pd.DataFrame({"subscriber": history.subscriber, "month": history.month.astype(str)})
    months["plan"] = pd.Series(["start", "family"])[history.subscriber % 2].to_numpy()
    months = months.assign(**{name: history.usage[name] for name in history.usage if "billed" not in name})
    (printed,) = re.findall(r"```csv\n(.*?)\n", PAGE, flags=re.DOTALL)
    assert list(months.columns) == printed.split(",")
    months.to_csv("months.csv", index=False)


@pytest.mark.usefixtures("files")
def test_the_printed_command_ends_in_a_table_of_regret(capsys):
    (command,) = re.findall(r"```sh\nplanrec (train .*?)\n```", PAGE)
    small = [override for override in SMALL_BILLS if not override.startswith("data.")]
    assert main([*command.split(), *small]) == 0
    table = capsys.readouterr().out
    assert "At least twelve months" in PAGE
    explained = re.findall(r"^\* `(\w+)`: ", PAGE, flags=re.MULTILINE)
    assert {"regret", "savings", "harm"} <= set(explained)
    assert all(name in table for name in explained)
    assert {"savings_captured", "harm_rate"} <= {name for name in METRICS if f"`{name}`" in PAGE}
    saved = load_run(newest_run(Path("outputs")))
    regret = {value.model: value.value for value in saved.manifest.metrics if value.metric == "regret"}
    assert set(regret) == {"forecast", "stay", "popular", "cheapest_fee", "rerate_1", "rerate_3", "rerate_6"}
    assert any("approximate" in note for note in saved.manifest.notes)


@pytest.mark.usefixtures("files")
def test_one_month_less_than_on_the_page_is_too_few(capsys):
    months = pd.read_csv("months.csv")
    months[months["month"] < "2018-12"].to_csv("months.csv", index=False)
    (command,) = re.findall(r"```sh\nplanrec (train .*?)\n```", PAGE)
    assert main([*command.split(), "n_bootstrap=20"]) == 1
    assert "target.min_history=1 target.horizon=1" in capsys.readouterr().err
