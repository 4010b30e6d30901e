"""Checks of every YAML in conf/: a new option gets its tests by itself."""

import json
from functools import cache

import pytest

from planrec.config.compose import compose
from planrec.config.conf_folder import CONF, groups, inherited, options
from planrec.config.run_config import RunConfig
from planrec.search import Choices, Range, Search

OPTIONS = [(group, option) for group in groups() for option in options(group)]
KINDED = [(group, option) for group, option in OPTIONS if group not in ("catalogue", "experiment", "search")]
# Overrides beside an option: values that only the user knows, and options that fit.
BESIDE = {
    ("data", "table"): ["data.path=FILE.csv", "data.plan_column=plan"],
    ("data", "choice_table"): [
        "data.path=FILE.csv",
        "data.plan_column=plan",
        "data.attributes={cost: 'cost{plan}'}",
    ],
    ("data", "usage_months"): ["data.path=FILE.csv"],
    # The one option whose file is read when the configuration is checked.
    ("catalogue", "file"): [f"catalogue.path={CONF / 'catalogue' / 'ladder.yaml'}"],
    ("catalogue", "none"): ["data=table", "data.path=FILE.csv", "data.plan_column=plan"],
    ("target", "choice"): ["data=telephone"],
    ("cv", "nested"): ["search=lgbm"],
    ("cv", "nested_grouped"): ["search=lgbm"],
} | {("search", option): ["cv=nested"] for option in options("search")}


@cache  # it is frozen, and composing takes longer than the tests
def composed(group: str, option: str) -> RunConfig:
    return compose(f"{group}={option}", *BESIDE.get((group, option), []))


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_alone(group, option):
    assert isinstance(composed(group, option), RunConfig)


@pytest.mark.parametrize(("group", "option"), KINDED)
def test_the_kind_of_an_option_is_a_module_of_the_group(group, option):
    kind = getattr(composed(group, option), group).kind
    assert (CONF.parent / "planrec" / group / f"{kind}.py").is_file()
    assert (CONF / group / f"{kind}.yaml").is_file()


@pytest.mark.parametrize(("group", "option"), KINDED)
def test_yaml_lists_every_field(group, option):
    part = getattr(composed(group, option), group)
    assert set(inherited(group, part.kind)) == set(type(part).model_fields)


@pytest.mark.parametrize(("group", "option"), KINDED)
def test_no_field_has_a_default_in_python(group, option):
    part = getattr(composed(group, option), group)
    assert [name for name, field in type(part).model_fields.items() if not field.is_required()] == []


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_config_survives_json(group, option):
    config = composed(group, option)
    dumped = json.loads(json.dumps(config.model_dump(mode="json", by_alias=True)))
    assert RunConfig.model_validate(dumped) == config


@pytest.mark.parametrize("option", options("search"))
def test_a_search_lists_every_field_and_brings_its_model(option):
    config = composed("search", option)
    assert config.search is not None
    assert set(inherited("search", option)) == set(type(config.search).model_fields)
    assert config.model.kind == config.search.model == option


@pytest.mark.parametrize("config", [Search, Range, Choices])
def test_no_field_of_a_search_has_a_default_in_python(config):
    assert [name for name, field in config.model_fields.items() if not field.is_required()] == []


@pytest.mark.parametrize("option", options("data"))
def test_every_source_can_drop_columns(option):
    assert isinstance(composed("data", option).data.drop_columns, tuple)


def test_no_yaml_names_a_class_to_instantiate():
    assert [str(file) for file in CONF.rglob("*.yaml") if "_target_" in file.read_text("utf-8")] == []
