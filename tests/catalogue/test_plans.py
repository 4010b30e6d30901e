"""Shipped catalogues are valid, and every problem of a wrong one is listed."""

import re
import subprocess
import sys
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from planrec.catalogue import Catalogue, CatalogueConfig, Eligibility, NoCatalogue
from planrec.catalogue.currencies import EXPONENTS, NOT_MONEY
from planrec.catalogue.known_clauses import CLAUSES, PAGE, message_for
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
        (
            {"overage_policy__mode": "block"},
            "mode 'block': not supported yet; nearest: 'charge', with the price of what people buy then;"
            " see docs/how-to/describe-your-plans.md",
        ),
        (
            {"packs": []},
            "optional packs: not supported yet; nearest: a plan of its own whose fee and allowances contain"
            " the pack; see docs/how-to/describe-your-plans.md",
        ),
        (
            {"services__data__rollover": 1},
            "rollover: not supported yet; nearest: the allowance without what is carried over; see"
            " docs/how-to/describe-your-plans.md",
        ),
        ({"services__data__unit": "minute"}, "unit of data must be MiB or GiB, got 'minute'"),
        (
            {"services__data__rounding__scope": "event"},
            "rounding each data event is not supported yet; supported: 'period', 'none'",
        ),
    ],
)
def test_a_problem_names_the_rule_and_the_value_found(change, message):
    assert message in problems_of(with_plan(**change)).values()


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.clause)
def test_a_known_clause_is_named_with_the_nearest_that_is_supported(clause):
    named = clause.keys.split()
    keys = [
        *named,
        *clause.only_keys.split(),
        named[0].upper().replace("_", "-"),
        f"{named[0]}_9",
        f"x_{named[0]}",
    ]
    raw = with_plan() | dict.fromkeys(keys, 1)
    raw["plans"][0] |= dict.fromkeys(keys, 1)
    raw["plans"][0]["services"]["data"]["overage"] |= dict.fromkeys(keys, 1)
    places = ("", "plans.0.", "plans.0.services.data.overage.")
    wanted = f"{clause.clause}: not supported yet; nearest: {clause.nearest}; see {PAGE}"
    assert problems_of(raw) == {place + key: wanted for place in places for key in keys}


def test_the_page_lists_every_clause_in_order():
    page = (Path(__file__).parents[2] / PAGE).read_text("utf-8")
    rows = [f"| {clause.clause} | {clause.nearest} |" for clause in CLAUSES]
    assert "\n".join(rows) in page


def test_no_key_of_a_catalogue_is_a_known_clause():
    schema = Catalogue.model_json_schema(by_alias=True)
    parts = [schema, *schema["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    assert [key for key in keys if message_for(key)] == []


def test_a_misspelt_key_of_a_catalogue_is_not_a_known_clause():
    schema = Catalogue.model_json_schema(by_alias=True)
    keys = {key for part in [schema, *schema["$defs"].values()] for key in part.get("properties", {})}
    misspelt = {
        wrong
        for key in keys
        for at in range(len(key))
        for wrong in (key[:at] + key[at + 1 :], key[:at] + key[at] + key[at:], f"{key}s", f"{key}_eur")
    }
    assert {key for key in misspelt if message_for(key)} == set()


@pytest.mark.parametrize(
    ("key", "clause"),
    {
        "promo_price": "prices that change over time",
        "introPrice": "prices that change over time",
        "vat_rate": "tax",
        "tax_included": "tax",
        "prices_include_tax": "tax",
        "IVA incluido": "tax",
        "roaming_zone": "roaming",
        "eu-roaming": "roaming",
        "international_minutes": "prices by zone, destination or time of day",
        "device_price": "devices and their instalments",
        "monthlyHandsetFee": "devices and their instalments",
        "sharing_group": "allowances and fees that several lines share",
        "family_plan": "allowances and fees that several lines share",
        "connection_fee": "a fee for each call",
        "minimum_term": "a minimum term",
        "minimum_term_months": "a minimum term",
        "min_charge_per_month": "a minimum charge",
        "discount_percent": "discounts",
        "top_up_price": "top-ups and prepaid credit",
        "tier_1": "prices in tiers",
        "throttle_speed": "fair use and reduced speed",
        "daily_data": "daily or weekly allowances",
        "data_rollover_months": "rollover",
        "billing_increment": "a first and a further increment",
    }.items(),
)
def test_a_clause_is_found_by_the_words_inside_a_key(key, clause):
    assert message_for(key).startswith(f"{clause}: not supported yet")


@pytest.mark.parametrize(
    "key",
    [
        *("colour", "minimum_age", "taxi", "package", "net_promoter", "group_id", 7, ""),
        *("time_zone", "tier_name", "networkTier", "device_type", "plan_family"),
    ],
)
def test_other_keys_stay_unknown(key):
    assert message_for(key) is None


def test_errors_beside_a_known_clause_are_all_reported():
    raw = with_plan(fee__recurring=14) | {"tax": "0.19", "currency": "XXX", "colour": "red"}
    raw["plans"][1]["id"] = "mini"
    assert set(problems_of(raw)) == {"plans.0.fee.recurring", "tax", "currency", "colour", "plans.1.id"}


@pytest.mark.parametrize(
    ("unit", "length", "nearest"),
    [
        ("day", 28, '1.087 times those of 28 x day, so `recurring: "10.86"` for a fee of 9.99'),
        ("days", 30, '1.015 times those of 30 x days, so `recurring: "10.14"` for a fee of 9.99'),
        ("week", 4, '1.087 times those of 4 x week, so `recurring: "10.86"` for a fee of 9.99'),
        ("month", 3, '0.333 times those of 3 x month, so `recurring: "3.33"` for a fee of 9.99'),
        ("year", 1, '0.083 times those of 1 x year, so `recurring: "0.83"` for a fee of 9.99'),
    ],
)
def test_another_period_is_answered_with_the_fee_of_a_month(unit, length, nearest):
    found = problems_of(with_plan(period={"unit": unit, "length": length}, fee__recurring="9.99"))
    assert list(found) == ["plans.0.period"]
    assert found["plans.0.period"].startswith("periods other than one month")
    assert nearest in found["plans.0.period"]


@pytest.mark.parametrize("period", [{"unit": "fortnight", "length": 1}, {"unit": "day", "length": 0}, {}])
def test_a_period_without_a_length_in_days_is_refused_too(period):
    assert [path for path in problems_of(with_plan(period=period)) if "period" in path]


@pytest.mark.parametrize(("first", "then", "finer"), [(1, 0.1, "light"), (0.1, 1, "mini")])
def test_two_ways_to_round_calls_say_which_plan_to_describe_otherwise(first, then, finer):
    raw = with_plan(services__voice__rounding__step=first)
    for plan in raw["plans"][1:5]:  # the last one has unlimited calls
        plan["services"]["voice"]["rounding"] = {"scope": "none"}
    raw["plans"][1]["services"]["voice"]["rounding"] = {"scope": "event", "mode": "ceil", "step": then}
    found = problems_of(raw)
    assert list(found) == ["plans.1.services.voice.rounding"]
    (message,) = found.values()
    assert f"nearest: `rounding: {{scope: none}}` in plan '{finer}'" in message
    assert "they are then too low by about 0.05 minutes a call" in message
    at = ["mini", "light"].index(finer)
    raw["plans"][at]["services"]["voice"]["rounding"] = {"scope": "none"}
    Catalogue.model_validate(raw)


@pytest.mark.parametrize(
    ("currency", "problem"),
    [
        ("XXX", "; XXX is the code for no currency"),
        ("XTS", "; XTS is the code for tests"),
        ("CLF", "; CLF is a fund or a unit of account"),
        ("XAU", "; XAU is a precious metal"),
        ("EUQ", ", got 'EUQ' (did you mean 'EUR'?)"),
        ("ZZZ", ", got 'ZZZ'"),
        ("euro", ", got 'euro'"),
        ("usd", ", got 'usd'"),
        (978, ", got 978"),
    ],
)
def test_only_currencies_that_customers_pay_with_are_accepted(currency, problem):
    rule = "must be the ISO 4217 code of a currency that customers pay with, such as EUR or USD"
    assert problems_of(with_plan() | {"currency": currency}) == {"currency": rule + problem}


def test_the_currencies_are_those_of_iso_4217():
    assert len(EXPONENTS) == 156
    assert not EXPONENTS.keys() & NOT_MONEY.keys()
    codes = [*EXPONENTS, *NOT_MONEY]
    assert all(re.fullmatch("[A-Z]{3}", code) for code in codes)
    exponents = {code: EXPONENTS[code] for code in ("EUR", "MXN", "JPY", "CLP", "UGX", "TND", "BHD")}
    assert exponents == {"EUR": 2, "MXN": 2, "JPY": 0, "CLP": 0, "UGX": 0, "TND": 3, "BHD": 3}


def test_a_condition_can_list_values():
    rules = [
        {"field": "region", "op": "in", "value": ["north", "south"]},
        {"field": "band", "op": "in", "value": [1, 2.5]},
    ]
    catalogue = Catalogue.model_validate(with_plan(eligibility=rules))
    attributes = {
        "region": np.array(["north", "south", "east", None, "north"], object),
        "band": np.array([1.0, 2.5, 1.0, 1.0, np.nan]),
    }
    assert catalogue.plan("mini").eligible(attributes, 5).tolist() == [True, True, False, False, False]
    assert Catalogue.from_json(catalogue.json_text) == catalogue
    assert str(catalogue.plan("mini").eligibility[0]) == "region in ['north', 'south']"


@pytest.mark.parametrize(
    ("op", "value", "message"),
    [
        ("in", "north", "op 'in' needs a list such as [north, south], got 'north'"),
        ("==", ["north"], "op '==' needs one value, got ('north',)"),
        ("in", ["north", 1], "a list must hold texts or numbers, not both, got ['north', 1]"),
    ],
)
def test_a_condition_takes_a_list_if_and_only_if_it_is_in(op, value, message):
    rule = {"field": "region", "op": op, "value": value}
    assert message in problems_of(with_plan(eligibility=[rule])).values()


def test_an_empty_list_of_values_is_refused():
    assert problems_of(with_plan(eligibility=[{"field": "region", "op": "in", "value": []}]))


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
