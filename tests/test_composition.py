"""What a wrong option answers: every offender, where it came from, what is allowed; never a traceback."""

import pytest

from planrec.conf_folder import groups, help_text, options
from planrec.errors import ConfigError
from planrec.train import compose, main


def problems(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compose(*overrides)
    return list(caught.value.problems)


def test_an_unknown_option_is_named_with_the_near_one_and_its_override():
    (problem,) = problems("model=lgmb")
    assert problem.startswith("model = 'lgmb': no such option (did you mean 'lgbm'?); allowed: dummy,")
    assert problem.endswith("(from override model=lgmb)")


def test_an_unknown_key_is_named_with_the_near_one():
    (problem,) = problems("model.learning_rat=0.1")
    assert "model.learning_rat: no such key (did you mean 'learning_rate'?); allowed:" in problem
    assert problem.endswith("(from override model.learning_rat=0.1)")


@pytest.mark.parametrize("key", ["typo", "model.typo"])
def test_a_key_added_with_a_plus_is_refused(key):
    (problem,) = problems(f"+{key}=3")
    assert problem.startswith(f"{key} = 3: no such key")
    assert problem.endswith(f"(from override +{key}=3)")


def test_a_value_outside_its_limits_names_path_value_rule_and_override():
    (problem,) = problems("data.n_subscribers=0")
    assert problem.startswith("data.n_subscribers = 0: input should be greater than")
    assert problem.endswith("(from override data.n_subscribers=0)")


def test_a_value_that_is_one_of_a_few_is_refused_with_all_of_them():
    (problem,) = problems("data.profile=hevy")
    assert problem.startswith("data.profile = 'hevy': must be one of default, heavy (did you mean 'heavy'?)")


def test_every_wrong_value_is_reported_at_once():
    found = problems("data.n_subscribers=0", "seed=-1", "metrics=[log_los]", "+typo=1")
    assert [text.split(" ")[0] for text in found] == ["data.n_subscribers", "metrics.0", "seed", "typo"]
    assert found[1].endswith("(from override metrics=[log_los])")


def test_every_wrong_override_is_reported_at_once():
    found = problems("model=lgmb", "cv=groupd", "data=simulator")
    assert [text.split(" ")[0] for text in found] == ["model", "cv"]


def test_a_value_that_must_be_given_is_asked_for():
    found = problems("data=table")
    assert [text.split(" ")[0] for text in found] == ["data.path", "data.plan_column"]
    assert "type data.path=VALUE (from conf/data/table.yaml)" in found[0]


def test_an_unknown_baseline_is_named_with_the_near_one():
    (problem,) = problems("baselines=[populr]")
    assert problem.startswith("baselines = 'populr': no such model (did you mean 'popular'?)")


@pytest.mark.parametrize(
    ("overrides", "mended_by"),
    [
        (["features=usage"], "features=table"),
        (["cv=rolling"], "cv=grouped"),
    ],
)
def test_an_option_that_does_not_fit_the_data_is_refused_with_the_override_to_type(overrides, mended_by):
    table = ["data=table", "data.path=FILE", "data.plan_column=plan"]
    (problem,) = problems(*table, *overrides)
    assert f"type {mended_by}" in problem
    kept = [override for override in overrides if override.split("=")[0] != mended_by.split("=")[0]]
    assert compose(*table, *kept, mended_by).data.kind == "table"


def test_a_wrong_value_in_a_file_names_the_file(tmp_path):
    from planrec.config import validated
    from planrec.train import _origin

    tree = compose("data=iranian_operator").model_dump(mode="json", by_alias=True)
    tree["data"]["exact_duplicates"] = "sometimes"
    tree["data"]["usage_columns"] = 3
    with pytest.raises(ConfigError) as caught:
        validated(tree, _origin([], {"data": "iranian_operator"}))
    own, inherited = sorted(caught.value.problems)
    assert own.endswith("(from conf/data/iranian_operator.yaml)")
    assert inherited.endswith("(from conf/data/table.yaml)")


def test_wrong_configuration_exits_with_2_and_no_traceback(capsys):
    assert main(["model=lgmb"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_debugging_raises(monkeypatch):
    monkeypatch.setenv("PLANREC_DEBUG", "1")
    with pytest.raises(ConfigError):
        main(["model=lgmb"])


def test_help_lists_every_group_and_option():
    text = help_text()
    assert all(f"\n{group}\n" in text for group in groups())
    assert all(option in text for group in groups() for option in options(group))
    assert "* lgbm" in text
