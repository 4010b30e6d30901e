"""docs/how-to/run-a-campaign.md does what it says."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from planrec.campaigns.settings import CampaignSettings, read_settings
from planrec.cli import main
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "how-to" / "run-a-campaign.md").read_text("utf-8")


def test_the_printed_command_writes_the_printed_columns(
    forecast_folder: Path, months: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(months.parent)
    shutil.copytree(REPOSITORY / "docs" / "examples", Path("docs", "examples"))
    shutil.copy(months, Path("docs", "examples", "months.csv"))
    shutil.copytree(forecast_folder, Path("outputs", *forecast_folder.parts[-2:]))
    (command,) = re.findall(r"^planrec (campaign .*)$", PAGE, flags=re.MULTILINE)
    assert main(command.split()) == 0
    rows = pd.read_csv("campaign.csv", keep_default_na=False)
    first = PAGE.partition("## The output")[2].partition("Codes are")[0]
    printed = [
        name for cell in re.findall(r"^\| (`.*?) \|", first, re.M) for name in re.findall(r"`(\w+)`", cell)
    ]
    assert list(rows.columns)[-len(printed) :] == printed
    assert set(rows["contact"]) == {True, False}
    assert (rows["codes"] == "objected").sum() > 0
    assert rows.loc[rows["contact"], "message"].str.contains(" a month less than ").all()


def test_the_page_shows_the_example_and_every_setting() -> None:
    example = (REPOSITORY / "docs" / "examples" / "campaign.yaml").read_text("utf-8")
    assert f"```yaml\n{example}```" in PAGE
    assert read_settings(REPOSITORY / "docs" / "examples" / "campaign.yaml").cap == 10_000
    table = PAGE.partition("| setting |")[2].partition("\n\n")[0]
    described = [
        name for cell in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", cell)
    ]
    assert set(described) == set(CampaignSettings.model_fields)
