"""`pr.campaign`: the file and the figures of `planrec campaign`."""

import pytest

import planrec as pr
from planrec.cli import main
from planrec.errors import ConfigError


def test_a_campaign_is_the_file_of_the_verb_with_its_figures(forecast_folder, months, tmp_path):
    settings = tmp_path / "campaign.yaml"
    settings.write_text("cap: 5\n", "utf-8")
    made = pr.campaign(str(forecast_folder), str(months), settings=settings, file=tmp_path / "python.csv")
    words = ["campaign", forecast_folder, months, "--campaign", settings, "--output", tmp_path / "cli.csv"]
    assert main(list(map(str, words))) == 0
    assert made.file.read_bytes() == (tmp_path / "cli.csv").read_bytes()
    groups = made.groups()
    by_plan = groups[groups["group"] == "plan"]
    assert by_plan["contacted"].sum() == made.summary.figures.contacted <= 5
    assert by_plan["saving"].sum() == pytest.approx(made.summary.figures.saving.value, abs=0.05)
    assert f"{made.summary.figures.advised:,} advised to change plan" in repr(made)
    assert "<li>" in made._repr_html_()


def test_a_campaign_never_replaces_its_months(forecast_folder, months):
    before = months.read_bytes()
    with pytest.raises(ConfigError, match="another file than INPUT"):
        pr.campaign(forecast_folder, months, file=months)
    assert months.read_bytes() == before
