"""Reasons: hand-computed sentences, both languages, and reproducible numbers."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import floor
from string import Formatter
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from planrec.catalogue import Catalogue, UnlimitedService, counted_usage, invoice
from planrec.catalogue.past_usage import PastUsage
from planrec.schema.columns import Columns, InputSchema, Usage, lag
from planrec.schema.tables import DecisionTable
from planrec.sentences.locale_formats import Language
from planrec.sentences.reason_builder import Reason
from planrec.sentences.reason_sentences import ALLOWANCES, OVER_NOTHING, SENTENCES, SERVICES, fill_sentence
from planrec.sentences.reasons import Reasons
from tests.catalogue.catalogues import month_of, raw_catalogue, raw_catalogues, shipped, usages

LADDER = shipped("ladder")
MINI, LIGHT, BASE, _, _, UNLIMITED = range(6)
GIB = 1024.0


def table_of(
    columns: Columns, held: int = MINI, switching: dict[int, int] | None = None, catalogue: Catalogue = LADDER
) -> DecisionTable:
    """One decision; `switching` in minor units by plan."""
    n_plans = len(catalogue.plans)
    cost = [(switching or {}).get(plan, 0) for plan in range(n_plans)]
    return DecisionTable(
        X=columns,
        subscriber=np.array([1]),
        plans=catalogue.plan_ids,
        menu=np.ones((1, n_plans), bool),
        inputs=InputSchema(takes="months", columns=(), usage=Usage.ALL, window=6, asks_held=True),
        held=np.array([held]),
        switching_cost=np.array([cost]),
        horizon=3,
        minor_units=10**catalogue.exponent,
    )


def columns_of(gib: list[float], billed: bool = True, **usage: float) -> Columns:
    """One subscriber's months, the latest first: data in GiB, other services the same in every month."""
    names = Usage.ALL if billed else Usage.MEASURED
    columns = {}
    for ago, amount in enumerate(gib, start=1):
        for name in names:
            value = amount * GIB if name == Usage.DATA_MIB else usage.get(name, 0.0)
            columns[lag(name, ago)] = np.array([np.nan if np.isnan(amount) else value], np.float64)
    return columns


SIX_MONTHS = columns_of([9, 10, 12, 12, 14.2, 8], voice_minutes_billed=100, sms=45)
"On Mini, 14 dollars with 8 GiB: 19, 24, 34, 34, 49, 14 dollars. On Base, 27 dollars with 16 GiB: 27 each."


def reasons_of(
    table: DecisionTable, row: int, plan: int, catalogue: Catalogue, language: Language = "en"
) -> list[Reason]:
    return reasons_in(table, catalogue, language).of_plan(row, plan)


def reasons_in(table: DecisionTable, catalogue: Catalogue = LADDER, language: Language = "en") -> Reasons:
    return Reasons(table, catalogue, PastUsage(table.X, catalogue), language)


def by_code(reasons: list[Reason]) -> dict[str, Reason]:
    assert len({reason.code for reason in reasons}) == len(reasons)
    return {reason.code: reason for reason in reasons}


def test_a_cheaper_plan_is_explained_with_bills_and_months_above_allowances() -> None:
    reasons = by_code(reasons_of(table_of(SIX_MONTHS), 0, BASE, LADDER))
    assert list(reasons) == [
        "lower_bill",
        "over_data_held",
        "unused_voice_held",
        "within_allowances",
        "fee_against_held",
    ]
    assert reasons["lower_bill"] == Reason(
        "lower_bill",
        "2.00",
        "USD/month",
        "At your last 6 months' usage Base would have cost 27.00 USD a month on average"
        " instead of 29.00 USD on Mini: 2.00 USD less.",
    )
    assert reasons["over_data_held"] == Reason(
        "over_data_held", "5", "months", "In 5 of 6 months you used more than the 8 GiB of Mini."
    )
    assert reasons["unused_voice_held"] == Reason(
        "unused_voice_held",
        "150",
        "minute",
        "On average you used 100 of the 250 minutes a month of Mini.",
    )
    assert (
        reasons["within_allowances"].sentence
        == "In 6 of 6 months the allowances of Base would have covered all your usage."
    )
    assert (
        reasons["fee_against_held"].sentence
        == "The fee of Base is 27.00 USD a month, that of Mini 14.00 USD."
    )


def test_the_same_in_spanish() -> None:
    reasons = by_code(reasons_of(table_of(SIX_MONTHS), 0, BASE, LADDER, "es"))
    assert reasons["lower_bill"].sentence == (
        "Con su consumo de los últimos 6 meses, Base habría costado 27,00 US$ al mes de promedio"
        " en lugar de 29,00 US$ con Mini: 2,00 US$ menos."
    )
    assert reasons["lower_bill"].value == "2.00"
    assert (
        reasons["over_data_held"].sentence == "En 5 de 6 meses consumió más de los 8 GiB incluidos en Mini."
    )
    assert reasons["unused_voice_held"].sentence == (
        "De promedio consumió 100 de los 250 minutos incluidos al mes en Mini."
    )
    assert reasons["within_allowances"].sentence == (
        "En 6 de 6 meses lo que incluye Base habría cubierto todo su consumo."
    )
    assert reasons["fee_against_held"].sentence == (
        "La cuota de Base es de 27,00 US$ al mes; la de Mini, de 14,00 US$."
    )


def test_a_dearer_plan_is_called_so() -> None:
    table = table_of(SIX_MONTHS, held=BASE)
    dearer = by_code(reasons_of(table, 0, MINI, LADDER))
    assert dearer["higher_bill"].value == "-2.00"
    assert dearer["higher_bill"].sentence.endswith("instead of 27.00 USD on Base: 2.00 USD more.")
    assert dearer["over_data_offered"].sentence == "In 5 of 6 months you used more than the 8 GiB of Mini."


def test_plans_that_cost_the_same_are_called_so() -> None:
    """Light is 20 dollars with 12 GiB; Mini costs 24, 24, 24, 14 and 14."""
    reasons = by_code(reasons_of(table_of(columns_of([10, 10, 10, 8, 8])), 0, LIGHT, LADDER))
    assert reasons["same_bill"].value == "0.00"
    assert reasons["same_bill"].sentence == (
        "At your last 5 months' usage Light and Mini would have cost the same: 20.00 USD a month on average."
    )


def test_the_plan_held_has_its_own_bill_and_no_comparison() -> None:
    reasons = by_code(reasons_of(table_of(SIX_MONTHS), 0, MINI, LADDER))
    assert list(reasons) == ["bill", "over_data_held", "unused_voice_held", "fee"]
    assert (
        reasons["bill"].sentence
        == "At your last 6 months' usage Mini would have cost 29.00 USD a month on average."
    )


def test_nothing_is_compared_if_the_plan_held_is_unknown() -> None:
    reasons = by_code(reasons_of(table_of(SIX_MONTHS, held=-1), 0, LIGHT, LADDER))
    assert list(reasons) == ["bill", "within_allowances", "over_data_offered", "fee"]
    assert reasons["within_allowances"].value == "5"


def test_an_unlimited_plan_covers_every_month() -> None:
    heavy = columns_of([300, 300], voice_minutes_billed=9e5, sms=9e5)
    reasons = by_code(reasons_of(table_of(heavy, held=UNLIMITED), 0, UNLIMITED, LADDER))
    assert list(reasons) == ["bill", "fee"]
    reasons = by_code(reasons_of(table_of(heavy), 0, UNLIMITED, LADDER))
    assert reasons["within_allowances"].value == "2"
    assert {"over_data_held", "over_voice_held", "over_sms_held"} <= set(reasons)


def test_usage_counts_as_the_plan_counts_it() -> None:
    """Rounded to the nearest GiB, 8.4 GiB are 8, which Mini includes, and 8.5 are more."""
    raw = raw_catalogue("ladder")
    raw["plans"][MINI]["services"]["data"]["rounding"]["mode"] = "nearest"
    nearest = Catalogue.model_validate(raw)
    columns = columns_of([8.4, 8.5, 8.6, 1.0])
    reasons = by_code(reasons_of(table_of(columns, catalogue=nearest), 0, MINI, nearest))
    assert reasons["over_data_held"].value == "2"


def test_unused_allowance_is_given_in_its_own_unit() -> None:
    reasons = by_code(reasons_of(table_of(columns_of([2.2, 3.5, 1.0]), held=UNLIMITED - 1), 0, MINI, LADDER))
    # Max includes 30 GiB and counts whole ones: 3, 4 and 1.
    assert reasons["unused_data_held"] == Reason(
        "unused_data_held", "27.3", "GiB", "On average you used 2.7 of the 30 GiB a month of Max."
    )


def gigabytes_of_ten_to_the_nine(included: float = 10) -> Catalogue:
    """The ladder by the GB of 953.674 MiB; Mini includes some of them, and five more cost 5 dollars."""
    raw = raw_catalogue("ladder")
    for plan in raw["plans"]:
        plan["services"]["data"] = {"included": "unlimited", "unit": "GB"}
    overage, rounding = {"price": "5.00", "per": 5}, {"scope": "none"}
    data = {"included": included, "unit": "GB", "overage": overage, "rounding": rounding}
    raw["plans"][MINI]["services"]["data"] = data
    return Catalogue.model_validate(raw | {"data_unit": {"name": "GB", "mib": 953.674}})


def test_a_month_that_fills_an_allowance_is_not_above_it() -> None:
    catalogue = gigabytes_of_ten_to_the_nine()
    full = columns_of([9536.74 / GIB] * 2)
    reasons = by_code(reasons_of(table_of(full, catalogue=catalogue), 0, MINI, catalogue))
    assert reasons["bill"].value == "14.00"
    assert "over_data_held" not in reasons
    held = table_of(full, held=BASE, catalogue=catalogue)
    assert by_code(reasons_of(held, 0, MINI, catalogue))["within_allowances"].value == "2"
    more = columns_of([9536.75 / GIB, 9536.74 / GIB])
    reasons = by_code(reasons_of(table_of(more, catalogue=catalogue), 0, MINI, catalogue))
    assert reasons["bill"].value == "16.50"
    assert reasons["over_data_held"].value == "1"


def test_the_mean_use_is_counted_in_exact_units() -> None:
    catalogue = gigabytes_of_ten_to_the_nine(included=1e9)
    most = columns_of([953674000 / GIB])
    reasons = by_code(reasons_of(table_of(most, catalogue=catalogue), 0, MINI, catalogue))
    assert reasons["unused_data_held"].sentence.startswith(
        "On average you used 1000000.0 of the 1000000000 GB"
    )


@given(raw_catalogues(max_plans=1), usages(n=3))
def test_unused_allowance_is_the_allowance_minus_the_mean_use(raw: Any, usage: Columns) -> None:
    catalogue = Catalogue.model_validate(raw)
    (plan,) = catalogue.plans
    columns = {lag(name, ago): array[[ago - 1]] for name, array in usage.items() for ago in (1, 2, 3)}
    found = by_code(reasons_of(table_of(columns, 0, catalogue=catalogue), 0, 0, catalogue))
    counted = [counted_usage(catalogue, plan, month_of(usage, row)) for row in range(3)]
    for name, parts in (("data", 10), ("voice", 1), ("sms", 1)):
        service = getattr(plan.services, name)
        if not isinstance(service, UnlimitedService):
            unit = catalogue.mib_per_unit(service.unit) if name == "data" else Decimal(1)
            mean = Fraction(sum((each[name] for each in counted), Decimal(0))) / (3 * Fraction(unit))
            assert (f"unused_{name}_held" in found) is (2 * mean < Fraction(service.included))
            if reason := found.get(f"unused_{name}_held"):
                shown = Fraction(floor(mean * parts + Fraction(1, 2)), parts)
                assert Fraction(reason.value) == Fraction(service.included) - shown


def test_only_known_months_count_and_one_month_is_called_a_month() -> None:
    nan = float("nan")
    reasons = by_code(reasons_of(table_of(columns_of([9, nan, nan])), 0, BASE, LADDER))
    assert reasons["higher_bill"].sentence.startswith(
        "At your last month's usage Base would have cost 27.00 USD"
    )
    assert reasons["over_data_held"].sentence.startswith("In 1 of 1 month you")


def test_without_known_months_only_prices_are_named() -> None:
    nothing = columns_of([float("nan")] * 3)
    reasons = reasons_of(table_of(nothing, switching={BASE: 1250}), 0, BASE, LADDER)
    assert [reason.code for reason in reasons] == ["fee_against_held", "switching_cost"]
    assert reasons[1] == Reason("switching_cost", "12.50", "USD", "Changing to Base costs 12.50 USD once.")


def test_only_the_last_six_months_count() -> None:
    longer = columns_of([9, 10, 12, 12, 14.2, 8, 500, 500], voice_minutes_billed=100, sms=45)
    assert reasons_of(table_of(longer), 0, BASE, LADDER) == reasons_of(table_of(SIX_MONTHS), 0, BASE, LADDER)


def test_bills_from_totals_of_calls_are_called_approximate() -> None:
    columns = columns_of([9, 9, 9], billed=False, voice_minutes=100, voice_calls=10)
    english = by_code(reasons_of(table_of(columns), 0, BASE, LADDER))
    assert "Base would have cost about 27.00 USD a month" in english["higher_bill"].sentence
    spanish = by_code(reasons_of(table_of(columns), 0, BASE, LADDER, "es"))
    assert "habría costado unos 27,00 US$ al mes" in spanish["higher_bill"].sentence
    assert "about" not in english["fee_against_held"].sentence


@pytest.mark.parametrize(("fee", "value"), [("20", "20.00"), ("0.0000000", "0.00"), ("14.5", "14.50")])
def test_the_value_of_a_fee_is_the_number_of_its_sentence(fee: str, value: str) -> None:
    raw = raw_catalogue("ladder")
    raw["plans"][BASE]["fee"]["recurring"] = fee
    catalogue = Catalogue.model_validate(raw)
    for held, code in ((MINI, "fee_against_held"), (BASE, "fee")):
        table = table_of(SIX_MONTHS, held, catalogue=catalogue)
        reason = by_code(reasons_of(table, 0, BASE, catalogue))[code]
        assert reason.value == value
        assert reason.sentence.startswith(f"The fee of Base is {value} USD a month")


def test_unused_amounts_have_the_format_of_the_allowance() -> None:
    raw = raw_catalogue("ladder")
    raw["plans"][MINI]["services"]["voice"]["included"] = 1000.0
    catalogue = Catalogue.model_validate(raw)
    table = table_of(columns_of([1], voice_minutes_billed=61), catalogue=catalogue)
    reasons = by_code(reasons_of(table, 0, MINI, catalogue))
    assert reasons["unused_voice_held"].value == "939"
    assert reasons["unused_voice_held"].sentence.startswith("On average you used 61 of the 1000 minutes")
    idle = table_of(columns_of([0]), catalogue=catalogue)
    assert by_code(reasons_of(idle, 0, MINI, catalogue))["unused_voice_held"].value == "1000"


def test_money_has_the_decimals_of_its_currency() -> None:
    raw = raw_catalogue("ladder")
    plans = [
        {**plan, "fee": {"recurring": plan["fee"]["recurring"].split(".")[0], "activation": "0"}}
        for plan in raw["plans"][-1:]
    ]
    yen = Catalogue.model_validate({**raw, "currency": "JPY", "plans": plans})
    reasons = reasons_of(table_of(columns_of([1]), held=0, catalogue=yen), 0, 0, yen)
    assert [reason.sentence for reason in reasons] == [
        "At your last month's usage Unlimited would have cost 52 JPY a month on average.",
        "The fee of Unlimited is 52 JPY a month.",
    ]


@given(raw_catalogues(max_plans=3), usages(n=4), st.data())
def test_bills_are_those_of_the_invoices_and_of_the_prediction(raw: Any, usage: Columns, data: Any) -> None:
    catalogue = Catalogue.model_validate(raw)
    held, plan = (data.draw(st.integers(0, len(catalogue.plans) - 1)) for _ in range(2))
    columns = {lag(name, ago): array[[ago - 1]] for name, array in usage.items() for ago in range(1, 5)}
    first = reasons_of(table_of(columns, held, catalogue=catalogue), 0, plan, catalogue)[0]

    def mean(plan: int) -> Decimal:
        bills = [invoice(catalogue, catalogue.plan_ids[plan], month_of(usage, row)) for row in range(4)]
        return sum(bills, Decimal(0)) / 4

    cent = Decimal(1).scaleb(-catalogue.exponent)
    expected = mean(plan) if plan == held else mean(held) - mean(plan)
    # Each of the two means is rounded to the cent.
    assert abs(Decimal(first.value) - expected) <= cent
    assert Decimal(first.value) % cent == 0
    predicted = PastUsage(columns, catalogue).expected_bill[0]
    of_prediction = predicted[plan] if plan == held else predicted[held] - predicted[plan]
    assert float(first.value) == pytest.approx(of_prediction, abs=float(cent) * 1.001, rel=1e-12)


@given(raw_catalogues(max_plans=2), usages(n=4))
def test_months_above_an_allowance_are_those_that_are_charged(raw: Any, usage: Columns) -> None:
    """A month within all allowances costs the fee; the others cost more, but for tiny prices and caps."""
    catalogue = Catalogue.model_validate(raw)
    columns = {lag(name, ago): array[[ago - 1]] for name, array in usage.items() for ago in range(1, 5)}
    for index, plan in enumerate(catalogue.plans):
        reasons = by_code(reasons_of(table_of(columns, -1, catalogue=catalogue), 0, index, catalogue))
        bills = [invoice(catalogue, plan.id, month_of(usage, row)) for row in range(4)]
        covered = int(reasons["within_allowances"].value) if "within_allowances" in reasons else 0
        at_the_fee = sum(bill == plan.fee.recurring for bill in bills)
        assert covered <= at_the_fee
        services = (plan.services.voice, plan.services.sms, plan.services.data)
        priced = all(isinstance(each, UnlimitedService) or each.overage.price >= 1 for each in services)
        if priced and plan.overage_policy.cap_per_period is None:
            assert covered == at_the_fee


@given(raw_catalogues(max_plans=3), usages(n=2), st.sampled_from(["en", "es"]), st.integers(-1, 2))
def test_every_plan_of_every_catalogue_has_complete_sentences(
    raw: Any, usage: Columns, language: Any, held: int
) -> None:
    catalogue = Catalogue.model_validate(raw)
    columns = {lag(name, ago): array[[ago - 1]] for name, array in usage.items() for ago in (1, 2)}
    table = table_of(columns, min(held, len(catalogue.plans) - 1), catalogue=catalogue)
    for plan in range(len(catalogue.plans)):
        for reason in by_code(reasons_of(table, 0, plan, catalogue, language)).values():
            assert reason.code in SENTENCES
            assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", reason.value)
            assert reason.sentence.endswith(".")
            assert "{" not in reason.sentence
            assert "  " not in reason.sentence


def test_a_row_is_explained_from_that_row_alone() -> None:
    other = columns_of([30] * 6, voice_minutes_billed=999, sms=1)
    both = {name: np.concatenate([other[name], array]) for name, array in SIX_MONTHS.items()}
    table = replace(
        table_of(SIX_MONTHS),
        X=both,
        subscriber=np.array([1, 2]),
        menu=np.ones((2, 6), bool),
        held=np.array([BASE, MINI]),
        switching_cost=np.zeros((2, 6), np.int64),
    )
    assert reasons_of(table, 1, BASE, LADDER) == reasons_of(table_of(SIX_MONTHS), 0, BASE, LADDER)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_code_has_both_languages_with_the_same_placeholders(code: str) -> None:
    sentences = SENTENCES[code]
    assert set(sentences) == {"en", "es"}
    assert placeholders(sentences["en"]) == placeholders(sentences["es"])
    assert sentences["en"] != sentences["es"]


@pytest.mark.parametrize("text", [text for code in SENTENCES.values() for text in code.values()])
def test_no_sentence_makes_a_promise(text: str) -> None:
    for promise in (" will ", "guarantee", "save you", "pagará", "ahorrará", "garantiza"):
        assert promise not in text


def test_numbers_are_put_into_the_sentence() -> None:
    assert (
        fill_sentence("fee", {"plan": "{Braces}", "fee": "5.00 USD"}, "en")
        == "The fee of {Braces} is 5.00 USD a month."
    )


def test_an_allowance_of_one_or_of_nothing_is_put_into_words() -> None:
    raw = raw_catalogue("ladder")
    raw["plans"][MINI]["services"]["data"]["included"] = 1
    raw["plans"][MINI]["services"]["sms"]["included"] = 0
    catalogue = Catalogue.model_validate(raw)
    table = table_of(SIX_MONTHS, catalogue=catalogue)
    english, spanish = (by_code(reasons_of(table, 0, BASE, catalogue, language)) for language in ("en", "es"))
    assert english["over_data_held"].sentence == "In 6 of 6 months you used more than the 1 GiB of Mini."
    assert spanish["over_data_held"].sentence == "En 6 de 6 meses consumió más del GiB incluido en Mini."
    assert english["over_sms_held"].sentence == (
        "In 6 of 6 months you used messages, which Mini does not include."
    )
    assert spanish["over_sms_held"].sentence == "En 6 de 6 meses consumió mensajes, que Mini no incluye."


def test_other_texts_have_both_languages() -> None:
    for texts in (ALLOWANCES, OVER_NOTHING, *SERVICES.values()):
        assert set(texts) == {"en", "es"}
