"""Shipped catalogues are valid, and every problem of a wrong one is listed."""

import subprocess
import sys
from contextlib import suppress
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from planrec.catalogue import Catalogue, CatalogueConfig, Eligibility, NoCatalogue
from planrec.catalogue.terms import money_from, quantity_from
from planrec.errors import CatalogueError
from tests.catalogue.catalogues import CONF, raw_catalogue, raw_catalogues, shipped

NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))


def problems_of(raw):
    """Path -> message of every problem."""
    with pytest.raises(ValidationError) as caught:
        Catalogue.model_validate(raw)
    return {".".join(map(str, error["loc"])): error["msg"] for error in caught.value.errors()}


def with_plan(**changes):
    """The ladder, first plan changed: `services__sms__unit="sms"`."""
    raw = deepcopy(raw_catalogue("ladder"))
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = raw["plans"][0]
        for folder in folders:
            place = place[folder]
        place[name] = value
    return raw


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_catalogue_survives_a_round_trip_to_json(name):
    adapter = TypeAdapter(CatalogueConfig)
    config = adapter.validate_python(raw_catalogue(name))
    again = adapter.validate_json(adapter.dump_json(config, by_alias=True))
    assert again == config
    assert type(config).model_validate(config.model_dump(mode="json", by_alias=True)) == config


@given(raw_catalogues())
def test_every_legal_catalogue_keeps_its_sha256_through_json(raw):
    catalogue = Catalogue.model_validate(raw)
    again = Catalogue.model_validate_json(catalogue.model_dump_json(by_alias=True))
    assert (again, again.sha256, hash(again)) == (catalogue, catalogue.sha256, hash(catalogue))


def test_any_change_changes_the_sha256():
    assert Catalogue.model_validate(with_plan(name="MINI")).sha256 != shipped("ladder").sha256


def test_a_catalogue_opens_itself_and_no_catalogue_opens_nothing():
    adapter = TypeAdapter(CatalogueConfig)
    assert adapter.validate_python(raw_catalogue("ladder")).open() == shipped("ladder")
    none = adapter.validate_python(raw_catalogue("none"))
    assert isinstance(none, NoCatalogue)
    assert none.open() is None


def test_all_problems_are_reported_at_once():
    raw = with_plan(
        fee__recurring=14.0,
        services__voice__included=-3,
        services__sms__unit="sms",
        services__data__rounding__step=0,
        overage_policy__mode="throttle",
        surprise=1,
        rollover=True,
        valid_for={"start": "2019-01-01", "end": "2018-01-01"},
    )
    raw["plans"][2]["id"] = "light"
    raw["plans"][3]["fee"]["recurring"] = "35.001"
    raw["plans"][4]["services"]["data"]["unit"] = "GB"
    raw["plans"][4]["services"]["voice"]["rounding"]["step"] = 0.5
    raw["plans"][4]["services"]["sms"]["included"] = 0.001
    assert set(problems_of(raw)) == {
        "plans.0.fee.recurring",
        "plans.0.services.voice.included",
        "plans.0.services.sms.unit",
        "plans.0.services.data.rounding.step",
        "plans.0.overage_policy.mode",
        "plans.0.surprise",
        "plans.0.rollover",
        "plans.0.valid_for",
        "plans.2.id",
        "plans.3.fee.recurring",
        "plans.4.services.data.unit",
        "plans.4.services.voice.rounding",
        "plans.4.services.sms.included",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fee__recurring": 14}, 'money must be a decimal string like "20.00", got 14'),
        ({"fee__recurring": "-1.00"}, "money must be >= 0, got -1.00"),
        ({"fee__recurring": "--5"}, "money must be a decimal string like \"20.00\", got '--5'"),
        ({"fee__recurring": ".-5"}, "money must be a decimal string like \"20.00\", got '.-5'"),
        ({"fee__recurring": "1.001"}, "USD has 2 decimals, got 1.001"),
        ({"fee__recurring": "1e3"}, "money must be a decimal string like \"20.00\", got '1e3'"),
        ({"fee__recurring": "1" * 30}, "a bill at 1e+09 units of usage must be below 4.6e12"),
        ({"services__sms__overage__price": "0.0000001"}, "money must have at most 6 decimals, got 1E-7"),
        ({"services__sms__overage__per": 0}, "must be > 0, got 0"),
        ({"services__sms__included": 1e10}, "a quantity must be between 0 and 1e+09, got 10000000000.0"),
        ({"services__sms__included": float("nan")}, "a quantity must be between 0 and 1e+09, got nan"),
        ({"services__sms__included": True}, "a quantity must be a number, got True"),
        (
            {"services__voice__rounding__step": 61},
            "step of a rounded call must be at most 60 minutes, got 61",
        ),
        ({"overage_policy__mode": "block"}, "mode 'block' is not supported yet; supported: 'charge'"),
        ({"packs": []}, "packs is not supported yet; remove 'packs'"),
        ({"services__data__rollover": 1}, "rollover is not supported yet; remove 'rollover'"),
        ({"services__data__unit": "minute"}, "unit of data must be MiB or GiB, got 'minute'"),
        (
            {"services__data__rounding__scope": "event"},
            "rounding each data event is not supported yet; supported: 'period', 'none'",
        ),
    ],
)
def test_a_problem_names_the_rule_and_the_value_found(change, message):
    assert message in problems_of(with_plan(**change)).values()


@given(
    st.text("-+.05_ e٣", max_size=6) | st.decimals() | st.floats(),
    st.sampled_from([money_from, quantity_from]),
)
def test_values_that_are_not_amounts_are_listed_as_problems(value, amount_from):
    with suppress(ValueError):
        assert amount_from(value) >= 0


@pytest.mark.parametrize(("start", "overlaps"), [("2018-05-31", True), ("2018-06-01", False)])
@pytest.mark.parametrize("later", [0, 1])
def test_a_repeated_id_says_whether_the_two_are_valid_together(later, start, overlaps):
    raw = with_plan()
    raw["plans"][1 - later] |= {"id": "mini", "valid_for": {"start": "2018-01-01", "end": "2018-06-01"}}
    raw["plans"][later] |= {"id": "mini", "valid_for": {"start": start, "end": None}}
    message = problems_of(raw)["plans.1.id"]
    assert message.startswith("plan id 'mini' is already used by plan 0")
    assert ("valid at the same time" in message) is overlaps


def test_the_fee_may_have_as_many_decimals_as_the_currency():
    raw = with_plan(fee__recurring="14.125") | {"currency": "KWD"}
    assert Catalogue.model_validate(raw).exponent == 3
    assert "JPY has 0 decimals, got 14.125" in problems_of(raw | {"currency": "JPY"}).values()


def test_validity_is_half_open():
    raw = with_plan(valid_for={"start": "2018-02-01", "end": "2018-03-01"})
    catalogue = Catalogue.model_validate(raw)
    days = np.array(["2018-01-31", "2018-02-01", "2018-02-28", "2018-03-01"], "datetime64[D]")
    assert catalogue.valid_on(days)[:, 0].tolist() == [False, True, True, False]
    assert catalogue.offered(days, {})[:, 0].tolist() == [False, True, True, False]


def test_a_plan_that_is_not_sellable_is_never_offered():
    catalogue = Catalogue.model_validate(with_plan(sellable=False))
    offered = catalogue.offered(np.array(["2018-06-01"], "datetime64[D]"), {})
    assert offered.tolist() == [[False, True, True, True, True, True]]


def test_a_missing_attribute_never_makes_a_subscriber_eligible():
    rules = [{"field": "age", "op": "<=", "value": 26}, {"field": "region", "op": "!=", "value": "north"}]
    plan = Catalogue.model_validate(with_plan(eligibility=rules)).plan("mini")
    attributes = {
        "age": np.array([20.0, 27.0, np.nan, 26.0, 26.0]),
        "region": np.array(["south", "south", "south", "north", None], object),
    }
    assert plan.eligible(attributes, 5).tolist() == [True, False, False, False, False]


def test_conditions_that_cannot_be_evaluated_are_counted_and_named():
    raw = with_plan(
        eligibility=[
            {"field": "age", "op": "<=", "value": 26},
            {"field": "region", "op": "<", "value": 3},
            {"field": "joined", "op": "==", "value": "2018-01-01"},
        ]
    )
    raw["plans"][2]["eligibility"] = [{"field": "agee", "op": ">", "value": 64}]
    attributes = {
        "age": np.array([20.0]),
        "region": np.array(["north"], object),
        "joined": np.array(["2018-01-01"], "datetime64[s]"),
    }
    with pytest.raises(CatalogueError) as caught:
        Catalogue.model_validate(raw).offered(np.array(["2018-06-01"], "datetime64[D]"), attributes)
    assert str(caught.value).splitlines() == [
        "3 of 4 eligibility conditions cannot be evaluated on this data;"
        " its attributes: 'age', 'region', 'joined'",
        "  - plan 'mini', region < 3: the condition needs numbers, and the data has text",
        "  - plan 'mini', joined == '2018-01-01': the condition needs text, and the data has dates",
        "  - plan 'base', agee > 64: the data has no attribute 'agee' (did you mean 'age'?)",
    ]


def test_data_without_attributes_answers_no_condition():
    catalogue = Catalogue.model_validate(with_plan(eligibility=[{"field": "age", "op": "<=", "value": 26}]))
    with pytest.raises(CatalogueError, match=r"^1 of 1 eligibility conditions .* its attributes: none"):
        catalogue.check_attributes({})
    shipped("ladder").check_attributes({})


def test_an_attribute_without_any_value_fits_and_fulfils_nothing():
    rule = Eligibility(field="age", op="<", value=3)
    empty = np.array([None, None], object)
    assert rule.misfit({"age": empty}) is None
    assert rule.holds(empty).tolist() == [False, False]


def test_an_unknown_plan_is_refused_with_the_known_ones():
    with pytest.raises(CatalogueError, match="no plan 'huge'; plans: mini, light"):
        shipped("ladder").plan("huge")


def test_the_catalogue_is_light_to_import():
    code = "import sys, planrec.catalogue; sys.exit('pandas' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
