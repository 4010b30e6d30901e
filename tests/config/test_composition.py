"""What a wrong option answers: every offender, where it came from, what is allowed; never a traceback."""

import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from itertools import product

import pytest

from planrec.cli import main
from planrec.config.compose import compose
from planrec.config.conf_folder import groups, options
from planrec.errors import ConfigError
from tests.conftest import REPOSITORY


def problems(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compose(*overrides)
    return list(caught.value.problems)


TABLE = ("data=table", "data.path=usage.csv", "data.plan_column=plan")


def test_an_unknown_option_is_named_with_the_near_one_and_its_override():
    (problem,) = problems("model=lgmb")
    assert problem.startswith("model = 'lgmb': no such option (did you mean 'lgbm'?); allowed: cheapest_fee,")
    assert problem.endswith("(from override model=lgmb)")


def test_an_unknown_key_is_named_with_the_near_one():
    (problem,) = problems("model=lgbm", "model.learning_rat=0.1")
    assert "model.learning_rat: no such key (did you mean 'learning_rate'?); allowed:" in problem
    assert problem.endswith("(from override model.learning_rat=0.1)")


@pytest.mark.parametrize("key", ["typo", "model.typo"])
def test_a_key_added_with_a_plus_is_refused(key):
    (problem,) = problems(f"+{key}=3")
    assert problem.startswith(f"{key} = 3: no such key")
    assert problem.endswith(f"(from override +{key}=3)")


def test_a_value_outside_its_limits_names_path_value_rule_and_override():
    (problem,) = problems("data.n_subscribers=0")
    assert problem.startswith("data.n_subscribers = 0: must be 1 or more")
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


@pytest.mark.parametrize(
    ("typed", "paths"),
    [
        ("model=lgmb data.n_subscriber=10", ["model", "data.n_subscriber"]),
        ("-m model=lgmb,dummy data.n_subscriber=10", ["model", "data.n_subscriber"]),
        # Keys of an unknown model cannot be checked, nor those of features that the data may choose.
        ("model=lgmb model.x=1 data.n_months=0 sed=1 seed=-1", ["model", "sed", "data.n_months", "seed"]),
        ("data=tabel features.x=1 cv=grouped cv.x=1", ["data", "cv.x"]),
        ("hydra.launcher.x=1 model=lgmb cv.x=1", ["hydra.launcher.x=1", "model", "cv.x"]),
        ("data.n_months=1,2 cv.x=1 seed=-1", ["data.n_months=1,2", "cv.x", "seed"]),
        ("cv.x=1 seed=-1", ["cv.x", "seed"]),
    ],
)
def test_wrong_options_keys_and_values_of_one_command_are_reported_at_once(typed, paths, capsys):
    assert main(["train", *typed.split()]) == 2
    found = re.findall(r"^  - (.+?)(?:: | = )", capsys.readouterr().err, flags=re.MULTILINE)
    assert found == paths


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
    from planrec.config.compose import origin_of
    from planrec.config.run_config import validated

    tree = compose("data=iranian_operator").model_dump(mode="json", by_alias=True)
    tree["data"]["exact_duplicates"] = "sometimes"
    tree["data"]["usage_columns"] = 3
    with pytest.raises(ConfigError) as caught:
        validated(tree, origin_of([], {"data": "iranian_operator"}))
    own, inherited = sorted(caught.value.problems)
    assert own.endswith("(from conf/data/iranian_operator.yaml)")
    assert inherited.endswith("(from conf/data/table.yaml)")


def test_a_value_of_a_splitter_inside_another_names_the_file_that_it_came_from():
    from planrec.config.compose import origin_of

    origin = origin_of([], {"cv": "nested"})
    assert origin("cv.inner.n_folds") == "conf/cv/grouped.yaml"
    assert origin("cv.outer.n_instants") == "conf/cv/rolling.yaml"
    assert origin("cv.kind") == "conf/cv/nested.yaml"


def test_wrong_configuration_exits_with_2_and_no_traceback(capsys):
    assert main(["train", "model=lgmb"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_debugging_raises(monkeypatch):
    monkeypatch.setenv("PLANREC_DEBUG", "1")
    with pytest.raises(ConfigError):
        main(["train", "model=lgmb"])


def help_text():
    with redirect_stdout(StringIO()) as printed:
        assert main(["train", "--help"]) == 0
    return printed.getvalue()


def test_help_lists_every_group_and_option():
    text = help_text()
    assert all(f"\n{group}\n" in text for group in groups())
    assert all(option in text for group in groups() for option in options(group))
    assert "* forecast" in text


def help_commands():
    """Every command of the help text, one per combination where it is a multirun."""
    typed = [line.split()[2:] for line in help_text().splitlines() if line.startswith("  planrec train ")]
    assert len(typed) > 2
    return [
        list(combination)
        for command in typed
        for combination in product(*(cells(text) for text in command if "=" in text))
    ]


def cells(override):
    key, _, values = override.partition("=")
    return [f"{key}={value}" for value in values.split(",")]


@pytest.mark.parametrize("overrides", help_commands(), ids=" ".join)
def test_every_command_of_the_help_composes(overrides):
    assert compose(*overrides).seed == 0


@pytest.mark.parametrize(
    ("typed", "key", "value"),
    [
        ("data.plan_column=Año", "plan_column", "Año"),
        ("data.plan_column=тариф", "plan_column", "тариф"),
        ("data.plan_column=Plan (tarifa)", "plan_column", "Plan (tarifa)"),
        ("data.plan_column=Plan, tarifa", "plan_column", "Plan, tarifa"),
        ("data.path=my file (1).csv", "path", "my file (1).csv"),
        ('data.path=it\'s "é".csv', "path", 'it\'s "é".csv'),
        ("data.drop_columns=[Año, mb used]", "drop_columns", ("Año", "mb used")),
        ("+data.plan_names={'0': smart, '1': último}", "plan_names", {"0": "smart", "1": "último"}),
        ("data.plan_names={0: smart}", "plan_names", {"0": "smart"}),
        ("data.plan_column=2018", "plan_column", "2018"),
    ],
)
def test_what_cannot_be_read_as_typed_is_answered_with_a_command_line_that_works(typed, key, value):
    (problem,) = problems(*TABLE, typed)
    (mended,) = [
        part for part in shlex.split(advised(problem)) if part.startswith((f"data.{key}", f"+data.{key}"))
    ]
    assert getattr(compose(*TABLE, mended).data, key) == value


DOCUMENTED = sorted(
    {
        override
        for page in ("README.md", "README.es.md", "docs/how-to/train-on-your-own-table.md")
        for override in re.findall(r"[`\n]'(\+?data\.[^']+)'", (REPOSITORY / page).read_text("utf-8"))
    }
)


@pytest.mark.parametrize("override", DOCUMENTED)
def test_every_quoted_override_of_the_guides_composes(override):
    assert compose(*TABLE, override).data.kind == "table"


def test_the_guides_show_how_to_name_a_column_with_an_accent():
    assert {'data.plan_column="Año (nuevo)"', 'data.plan_column="Año"'} <= set(DOCUMENTED)


def advised(problem):
    """What the problem says to type; the last of several."""
    typed = problem.split("type ")[-1].partition(" (from")[0].removesuffix(" to add it")
    return typed.rpartition(" or ")[2].removesuffix(" for one text")


@pytest.mark.parametrize("typed", ["baselines=popular", "metrics=accuracy", "data.drop_columns=mb"])
def test_one_value_for_a_list_is_told_once_with_the_list_to_type(typed):
    (problem,) = problems(typed)
    path, value = typed.split("=")
    assert problem == f"{path} = '{value}': must be a list: type '{path}=[{value}]' (from override {typed})"
    assert compose(f"{path}=[{value}]").seed == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("model=null", "model = null: no such option"),
        ("model=3", "model = 3: no such option"),
        ("model=[lgbm,dummy]", "model takes one option, not a list: type model=lgbm,"),
        ("model=lgbm,dummy", "model=lgbm,dummy: several values, and only -m takes several: type -m model="),
        ("+model=lgbm", "model has an option already: type model=lgbm"),
        ("~baselines", "baselines must be given and is missing"),
        ("modle.kind=lgbm", "modle: no such key (did you mean 'model'?)"),
        ("lgbm", "lgbm: not an override: type GROUP=OPTION or GROUP.FIELD=VALUE"),
    ],
)
def test_what_is_no_choice_of_one_option_is_answered_in_one_line(typed, told):
    (problem,) = problems(typed)
    assert problem.startswith(told)


def test_a_wrong_key_inside_a_mapping_is_named_with_the_near_one():
    (problem,) = problems(*TABLE, "data.usage_columns={data:mb}")
    assert problem.startswith("data.usage_columns.data: no such key (did you mean 'data_mib'?)")


def test_a_wrong_catalogue_is_told_without_its_content():
    (schema,) = problems("catalogue.schema=planrec.catalogue/9")
    assert schema.startswith("catalogue.schema = 'planrec.catalogue/9': no such kind (did you mean")
    assert schema.endswith("(from override catalogue.schema=planrec.catalogue/9)")
    assert max(len(text) for text in problems("+catalogue.plan=${catalogue.plans}")) < 300


@pytest.mark.parametrize("typed", ["seed=true", "model.n_estimators=true", "model.learning_rate=true"])
def test_true_is_not_a_number(typed):
    (problem,) = problems("model=lgbm", typed)
    assert problem == f"{typed.replace('=', ' = ')}: must be a number (from override {typed})"


def test_a_whole_number_is_good_for_a_fraction():
    assert compose("model=lgbm", "model.learning_rate=1").model.learning_rate == 1.0


BROKEN = [
    (b"kind: [lgbm", "mine/model/small.yaml, line 1, column 12: not YAML"),
    (b"kind: dummy\n\tx: 1", "mine/model/small.yaml, line 2, column 1: not YAML"),
    (
        b"kind: dummy\nkind: lgbm",
        "mine/model/small.yaml, line 2, column 1: not YAML: the key 'kind' is given",
    ),
    (b"kind: dummy\n# Espa\xf1ol", "mine/model/small.yaml must be text in UTF-8: line 2 has the byte 0xf1"),
]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """An option of the user's own, beside conf/: the folder is `mine` in the working directory."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine" / "model" / "small.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("defaults:\n- lgbm@_here_\n- _self_\nnum_leaves: 3\n", "utf-8")
    return file


def error_of(capsys, *arguments):
    assert main(["train", "--config-dir", "mine", *arguments]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(("content", "told"), BROKEN)
@pytest.mark.parametrize("typed", ["model=small", "baselines=[small]"])
def test_a_broken_file_is_named_with_its_line(capsys, mine, typed, content, told):
    mine.write_bytes(content)
    assert told in error_of(capsys, typed)


def test_options_in_a_folder_of_the_users_own_are_suggested_like_the_others(capsys, mine):
    assert "(did you mean 'small'?)" in error_of(capsys, "model=smal")
    assert "(did you mean 'small'?)" in error_of(capsys, "baselines=[smal]")


def test_a_baseline_that_is_a_list_is_refused_with_its_file(capsys, mine):
    mine.write_bytes(b"- dummy")
    assert "mine/model/small.yaml must hold `key: value` lines" in error_of(capsys, "baselines=[small]")


def test_an_option_without_a_kind_is_asked_for_it(capsys, mine):
    mine.write_text("num_leaves: 3\n", "utf-8")
    assert "model.kind must be given and is missing (from mine/model/small.yaml)" in error_of(
        capsys, "model=small"
    )


def test_a_value_from_a_folder_of_the_users_own_names_its_file(capsys, mine):
    mine.write_text(mine.read_text("utf-8") + "min_child_samples: -3\n", "utf-8")
    error = error_of(capsys, "model=small", "model.learning_rate=-1")
    assert "min_child_samples = -3" in error
    assert "(from mine/model/small.yaml)" in error
    assert "(from override model.learning_rate=-1)" in error


def test_a_wrong_key_of_an_option_of_the_users_own_is_the_only_thing_told(capsys, mine):
    error = error_of(capsys, "model=small", "model.learning_rat=1")
    assert error.count("  - ") == 1
    assert "model.learning_rat: no such key (did you mean 'learning_rate'?)" in error


def test_a_baseline_may_come_from_a_folder_of_the_users_own(capsys, mine):
    assert "n_bootstrap" in (error := error_of(capsys, "baselines=[small]", "n_bootstrap=0"))
    assert "small" not in error


def test_overrides_may_stand_on_both_sides_of_a_flag(capsys, mine):
    error = error_of(capsys, "model=dummy,lgbm", "-m", "seed=-1,-2")
    assert "seed = -1: must be 0 or more" in error
    assert "(from override seed=-2) [cells 1, 3]" in error


def test_a_multirun_of_which_nothing_ran_leaves_no_file(capsys, mine):
    for typed in ("seed=-1", "model.typo=3"):
        error_of(capsys, "-m", "model=dummy,lgbm", typed)
    assert [path for path in mine.parents[2].rglob("*") if path.is_file()] == [mine]
