"""campaign.yaml: every mistake is named with its place."""

from pathlib import Path

import pytest

from planrec.campaigns.message_template import PLACEHOLDERS, checked_template
from planrec.campaigns.settings import CampaignSettings, read_settings
from planrec.errors import ConfigError


def problems_of(text: str, tmp_path: Path) -> str:
    file = tmp_path / "campaign.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        read_settings(file)
    return str(raised.value)


def test_all_mistakes_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    found = problems_of(
        "minimum_savin: 3\ncap: 0\nholdout: 1\nwindows: [{days: 7, atmost: 1}]\ntime_zone: Europe/Madird\n"
        'templates: {en: "{plam} saves {saving!r}"}\nlanguage: fr\n',
        tmp_path,
    )
    assert "minimum_savin: no such key (did you mean 'minimum_saving'?)" in found
    assert "cap: must be 1 or more, got 0" in found
    assert "holdout: must be less than 1, got 1" in found
    assert "windows.0.atmost: no such key (did you mean 'at_most'?)" in found
    assert "time_zone: no time zone 'Europe/Madird' (did you mean 'Europe/Madrid'?)" in found
    assert "templates.en: no placeholder {plam} (did you mean 'plan'?); allowed: {plan}, {plan_held}" in found
    assert "language: must be one of en, es" in found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("windows: [{days: 7, at_most: 1}]", "need a contact_history"),
        ("quiet_hours: {sms: [[21, 9]]}", "quiet_hours need a channel or a channel_column"),
        ("cap: true", "cap: must be a whole number"),
        ("contact_history: a.csv\nwindows: [{days: 7, at_most: 1}, {days: 7, at_most: 2}]", "other days"),
        ("send_at: 0.5", "send_at: must be a day, or a day and a time such as 2026-12-01T10:00"),
        ("- 1", "key: value"),
        ("quiet_hours: {sms: [[21, 24]]}", "quiet_hours.sms.0.1"),
    ],
)
def test_rules_between_settings_are_checked(settings: str, expected: str, tmp_path: Path) -> None:
    assert expected in problems_of(settings, tmp_path)


def test_an_empty_file_excludes_no_subscriber(tmp_path: Path) -> None:
    (tmp_path / "campaign.yaml").write_text("", "utf-8")
    assert read_settings(tmp_path / "campaign.yaml") == CampaignSettings()


@pytest.mark.parametrize(
    "template",
    ["{plan", "{}", "{0}", "{plan.__class__}", "{plan[0]}", "{plan:>99999999}", "{plan!r}", " ", "a" * 161],
)
def test_templates_that_cannot_be_sent_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|brace|blank|at most 160|expected '}'|Single"):
        checked_template(template)


def test_every_placeholder_is_allowed() -> None:
    template = " ".join(f"{{{name}}}" for name in PLACEHOLDERS) + " {{a}}"
    assert checked_template(template) == template
