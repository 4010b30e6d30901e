"""Overrides of a complete configuration."""

import pytest

from planrec.config.changed_config import changed
from planrec.config.compose import compose
from planrec.config.conf_folder import inherited
from planrec.errors import ConfigError


@pytest.fixture(scope="module")
def config():
    return compose("model=logistic", "data.n_subscribers=70", "baselines=[stay]")


def test_without_overrides_nothing_changes(config):
    assert changed(config, []) == config


def test_fields_change_alone_and_groups_as_a_whole(config):
    found = changed(config, ["data.n_months=20", "model=dummy", "+gates={regret: 9}", "baselines=[popular]"])
    assert (found.data.n_months, found.data.n_subscribers) == (20, 70)
    assert (found.model.kind, found.gates, list(found.baselines)) == ("dummy", {"regret": 9.0}, ["popular"])
    whole = changed(config, ["data.n_months=20", "data=simulator"])
    assert (whole.data.n_months, whole.data.n_subscribers) == (20, 10_000), "groups come first, as in Hydra"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.n_month=20", r"data.n_month: no such key \(did you mean 'n_months'\?\)"),
        ("data.n_months=-1", r"data.n_months = -1: .*from override data.n_months=-1"),
        ("data=usage_months", r"data.path must be given: type data.path=VALUE"),
        ("data=simulatr", "did you mean 'simulator'"),
        ("model=dummy,stay", "several values"),
        ("experiment=which_features_matter", "takes GROUP=OPTION"),
        ("~data.n_months", "takes GROUP=OPTION"),
        ("+data.n_months.x=1", "holds one value"),
        ("baselines=[nothing]", "no such model"),
        ("hydra.run.dir=x", "."),
    ],
)
def test_wrong_overrides_are_refused_in_the_words_that_were_typed(config, override, words):
    with pytest.raises(ConfigError, match=words):
        changed(config, [override])


def test_a_misfit_names_the_run_as_the_origin_of_what_stayed(config):
    with pytest.raises(ConfigError, match="target=best_bill needs a usage history and data=table"):
        changed(config, ["data=table", "data.path=x.csv", "data.plan_column=plan"])


def test_an_override_does_not_reach_the_options_of_later_configs(config):
    assert inherited("data", "usage_months")["units"]["data_mib"] is None
    changed(config, ["data=usage_months", "data.path=months.csv", "data.units.data_mib=GB"])
    assert inherited("data", "usage_months")["units"]["data_mib"] is None
