"""planrec campaign: rows of planrec score, decisions, figures, and no half-written file."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planrec.campaigns import run_campaign
from planrec.campaigns.run_campaign import Campaign, Finished
from planrec.campaigns.settings import CampaignSettings
from planrec.campaigns.summary import MONTHS, total
from planrec.cli import main
from planrec.errors import ConfigError, DataError
from planrec.metrics.intervals import bootstrap_weights
from planrec.runs.read import SavedRun


def made(saved: SavedRun, months: Path, **settings: object) -> tuple[pd.DataFrame, Finished]:
    output = months.with_name("campaign.csv")
    campaign = Campaign(saved, months, CampaignSettings.model_validate(settings))
    finished = campaign.write(output, lambda share: None)
    return pd.read_csv(output, dtype=str, keep_default_na=False), finished


def file_beside(months: Path, name: str, text: str) -> str:
    months.with_name(name).write_text(text, "utf-8")
    return str(months.with_name(name))


def test_the_rows_are_those_of_planrec_score(forecast: SavedRun, forecast_folder: Path, months: Path) -> None:
    rows, finished = made(forecast, months)
    target = months.with_name("advice.csv")
    assert main(["score", str(months), str(target), "--run", str(forecast_folder)]) == 0
    scored = pd.read_csv(target, dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(rows[scored.columns], scored)
    figures = finished.summary.figures
    assert (rows["contact"] == "true").equals(rows["decision"] == "recommend")
    assert figures.contacted == figures.advised == (rows["decision"] == "recommend").sum() > 0
    assert rows.loc[rows["contact"] == "true", "message"].equals(
        rows.loc[rows["contact"] == "true", "sentence_short"]
    )


def test_money_is_that_of_the_contacted_rows(forecast: SavedRun, months: Path) -> None:
    rows, finished = made(forecast, months, segment_column="region", minimum_saving=2)
    reached = rows[rows["contact"] == "true"]
    money = reached[["saving", "bill", "bill_held", "saving_p10"]].astype(float)
    figures = finished.summary.figures
    assert (money["saving"] >= 2).all()
    difference = money["bill_held"] - money["bill"]
    year = MONTHS * difference - forecast.recommender.horizon * (difference - money["saving"])
    assert figures.saving.value == pytest.approx(year.sum())
    assert figures.revenue.value == pytest.approx(MONTHS * (money["bill"] - money["bill_held"]).sum())
    assert figures.below_zero_at_p10 == pytest.approx((money["saving_p10"] < 0).mean())
    for parts, column in ((figures.by_segment, "region"), (figures.by_plan, "plan")):
        cells = rows["segment"] if column == "region" else rows["plan"]
        for part in parts:
            assert part.contacted == ((cells == part.name) & (rows["contact"] == "true")).sum()
            is_own = cells[reached.index] == part.name
            assert part.saving.value == pytest.approx(year[is_own].sum())
            share = (money["saving_p10"][is_own] < 0).mean()
            assert part.below_zero_at_p10 == (pytest.approx(share) if is_own.any() else None)
            assert part.saving.low <= part.saving.value <= part.saving.high
    assert [part.name for part in figures.by_segment] == ["north", "south"], "that of the last month"
    assert sum(part.saving.value for part in figures.by_decile) == pytest.approx(figures.saving.value)


def test_the_interval_is_that_of_a_bootstrap_over_subscribers_and_forecasts() -> None:
    generator = np.random.default_rng(0)
    saving, spread = generator.gamma(2, 5, 400), generator.uniform(1, 6, 400)
    (weights,) = bootstrap_weights(400, seed=0, n_bootstrap=8_000)
    noise = generator.standard_normal(8_000) * np.sqrt(spread**2 @ weights)
    low, high = np.percentile(MONTHS * (saving @ weights + noise), [2.5, 97.5])
    found = total(MONTHS * saving, MONTHS * spread)
    assert found.value == pytest.approx(MONTHS * saving.sum())
    assert (found.low, found.high) == (pytest.approx(low, rel=0.01), pytest.approx(high, rel=0.01))
    assert total(MONTHS * saving, 0 * spread).low > found.low


def test_files_of_subscribers_exclude_them(forecast: SavedRun, months: Path) -> None:
    rows, _ = made(forecast, months)
    advised = rows.loc[rows["contact"] == "true", ["subscriber_ref", "plan"]].to_numpy()
    objected = file_beside(months, "no.csv", f"subscriber\n{advised[0][0]}\nunknown\n")
    history = file_beside(
        months,
        "contacts.csv",
        "subscriber,time,offer,declined\n"
        f"{advised[1][0]},2026-05-30 10:00,,\n{advised[2][0]},2026-01-01,{advised[2][1]},true\n",
    )
    rows, finished = made(
        forecast,
        months,
        do_not_contact=objected,
        contact_history=history,
        windows=[{"days": 7, "at_most": 1}],
        cool_down_days={"same_offer_declined": 180},
        send_at="2026-06-01",
    )
    codes = dict(zip(rows["subscriber_ref"], rows["codes"], strict=True))
    assert [codes[name] for name, _ in advised[:4]] == ["objected", "window_7", "declined_before", ""]
    summary = finished.summary
    assert summary.do_not_contact is not None
    assert (summary.do_not_contact.entries, summary.do_not_contact.matched) == (2, 1)
    assert summary.figures.contacted == len(advised) - 3
    assert set(rows.loc[rows["contact"] == "false", "message"]) == {""}


def test_the_channel_comes_from_its_column_else_from_the_settings(forecast: SavedRun, months: Path) -> None:
    quiet: dict[str, Any] = {"quiet_hours": {"sms": [[21, 9]]}, "send_at": "2026-06-01T22:00"}
    rows, _ = made(forecast, months, channel_column="way", channel="push", **quiet)
    assert set(rows["channel"]) == {"sms", "email", "push"}
    is_sms = rows["channel"] == "sms"
    assert rows.loc[is_sms, "codes"].str.endswith("quiet_hours").all()
    assert not rows.loc[~is_sms, "codes"].str.contains("quiet_hours").any()


def test_files_and_channels_that_match_no_subscriber_are_noted(forecast: SavedRun, months: Path) -> None:
    objected = file_beside(months, "no.csv", "subscriber\nS-0001\n")
    _, finished = made(
        forecast, months, do_not_contact=objected, channel_column="way", quiet_hours={"push": [[21, 9]]}
    )
    first, second = finished.summary.notes[-2:]
    assert first.startswith("do_not_contact matches no subscriber of the months file")
    assert second == "quiet_hours: no subscriber has the channel 'push'; channels are 'email', 'sms'"


def test_the_hold_out_is_counted_without_other_codes(forecast: SavedRun, months: Path) -> None:
    rows, finished = made(forecast, months, holdout=0.5)
    figures = finished.summary.figures
    assert figures.held_out == (rows["codes"] == "holdout").sum() > 0
    assert figures.excluded["holdout"] == rows["codes"].str.contains("holdout").sum() > figures.held_out
    assert figures.contacted + figures.held_out == figures.advised


def test_own_texts_are_filled_and_previewed_in_both_languages(forecast: SavedRun, months: Path) -> None:
    templates = {
        "en": "{plan} instead of {plan_held} saves {saving} a month.",
        "es": "Con {plan} ahorrará {saving} al mes.",
    }
    rows, finished = made(forecast, months, templates=templates, language="es")
    first = rows[rows["contact"] == "true"].iloc[0]
    assert first["message"] == finished.summary.preview["es"]
    assert first["message"].startswith(f"Con {first['plan_name']} ahorrara ")
    assert first["saving"].replace(".", ",") in first["message"]
    assert finished.summary.preview["en"].startswith(f"{first['plan_name']} instead of ")


def test_sentences_are_previewed_in_both_languages(forecast: SavedRun, months: Path) -> None:
    in_spanish, _ = made(forecast, months, language="es")
    rows, finished = made(forecast, months)
    first = rows[rows["contact"] == "true"].index[0]
    expected = {"en": rows.loc[first, "message"], "es": in_spanish.loc[first, "message"]}
    assert finished.summary.preview == expected
    assert expected["en"] != expected["es"]


def test_texts_that_names_make_too_long_are_not_sent(forecast: SavedRun, months: Path) -> None:
    rows, finished = made(forecast, months, templates={"en": "x" * 156 + "{plan}"})
    advised = rows[rows["decision"] == "recommend"]
    is_long = advised["plan_name"].str.len() > 4
    assert (advised.loc[is_long, "codes"] == "message_too_long").all()
    assert finished.summary.figures.excluded["message_too_long"] >= is_long.sum() > 0


def test_names_like_formulas_are_text_in_the_output(forecast: SavedRun, months: Path) -> None:
    table = pd.read_csv(months)
    table["region"] = "=1+1"
    table.to_csv(months, index=False)
    rows, _ = made(forecast, months, segment_column="region")
    assert set(rows["segment"]) == {"'=1+1"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"segment_column": "regon"}, "no column 'regon' (did you mean 'region'?)"),
        ({"do_not_contact": "missing.csv"}, "do_not_contact: no file 'missing.csv'"),
    ],
)
def test_missing_files_and_columns_are_named_before_the_scoring(
    forecast: SavedRun, months: Path, settings: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        made(forecast, months, **settings)
    assert expected in str(raised.value)
    assert not months.with_name("campaign.csv").exists()


def test_bad_rows_of_a_history_are_listed(forecast: SavedRun, months: Path) -> None:
    history = file_beside(months, "contacts.csv", "subscriber,time\ns1,2026-13-01\n,2026-01-01\n")
    with pytest.raises(DataError) as raised:
        made(forecast, months, contact_history=history)
    assert "line 2" in str(raised.value)
    assert "line 3" in str(raised.value)


def test_a_run_without_bills_is_refused(history_run: Path, months: Path, capsys: Any) -> None:
    assert main(["campaign", str(history_run), str(months), "--output", str(months.with_name("c.csv"))]) == 2
    assert "target=best_bill" in capsys.readouterr().err


def test_a_run_without_forecast_has_no_share_below_zero(bill_run: Path, months: Path, capsys: Any) -> None:
    assert (
        main(["campaign", str(bill_run), str(months), "--output", str(months.with_name("c.csv")), "--json"])
        == 0
    )
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures["below_zero_at_p10"] is None
    assert figures["contacted"] > 0


def test_the_command_writes_output_manifest_and_figures(
    forecast_folder: Path, months: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(months.parent)
    Path("campaign.yaml").write_text("cap: 5\nsegment_column: region\n", "utf-8")
    assert main(["campaign", str(forecast_folder), "months.csv", "--campaign", "campaign.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "60 subscribers" in printed
    assert "5 to contact" in printed
    manifest = json.loads(Path("campaign.csv.manifest.json").read_text("utf-8"))
    assert manifest["settings"]["cap"] == 5
    assert manifest["summary"]["figures"]["contacted"] == 5
    assert sorted(os.listdir()) == [
        "campaign.csv",
        "campaign.csv.manifest.json",
        "campaign.yaml",
        "months.csv",
    ]


def test_ctrl_c_leaves_the_last_output_and_nothing_else(
    forecast: SavedRun, months: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = months.with_name("campaign.csv")
    output.write_text("the last campaign", "utf-8")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_campaign, "codes_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(forecast, months)
    assert output.read_text("utf-8") == "the last campaign"
    assert sorted(os.listdir(months.parent)) == ["campaign.csv", "months.csv"]


def test_subscribers_with_a_bad_row_are_left_out_if_the_settings_say_so(
    forecast: SavedRun, months: Path
) -> None:
    whole, _ = made(forecast, months)
    table = pd.read_csv(months, dtype=str, keep_default_na=False)
    table.loc[7, "sms"] = "-4"  # of s0001
    table.loc[12, "month"] = "2026-13"  # of s0002
    table.to_csv(months, index=False)
    with pytest.raises(DataError):
        made(forecast, months)
    rows, finished = made(forecast, months, on_bad_rows="drop_and_report")
    kept = whole[~whole["subscriber_ref"].isin(["s0001", "s0002"])]
    same = [name for name in kept.columns if name != "recommendation_id"]
    pd.testing.assert_frame_equal(rows[same], kept[same].reset_index(drop=True))
    summary = finished.summary
    assert summary.refused_subscribers == 2
    assert [refused.rows for refused in summary.refused] == [1, 1]
    assert any("line 9" in refused.reason and "-4" in refused.reason for refused in summary.refused)


def test_a_file_with_bad_rows_only_gives_no_rows(forecast: SavedRun, months: Path) -> None:
    table = pd.read_csv(months, dtype=str, keep_default_na=False)
    table["sms"] = "-4"
    table.to_csv(months, index=False)
    rows, finished = made(forecast, months, on_bad_rows="drop_and_report", segment_column="region")
    assert len(rows) == 0
    assert finished.summary.refused_subscribers == 60
    assert finished.summary.figures.saving.value == 0
