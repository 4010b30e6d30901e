"""Answers of every kind of model, to one request and to many."""

import json
from dataclasses import replace as replace_dataclass
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter, truediv

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from planrec.catalogue import Catalogue
from planrec.catalogue.menu import why_not_offered
from planrec.catalogue.monthly_cost import expected_cost, savings
from planrec.errors import RequestError
from planrec.policy import MostProbable
from planrec.recommending.amounts import decimals
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request
from planrec.training.experiment import run
from tests.conftest import SMALL_BILLS
from tests.policy.test_best_bill import policy
from tests.quick_configs import composed
from tests.sentences.words_of_answers import check_words, said_by

MODEL = ModelName("2030-01-31/12-00-00-abc123", "0.1.0")
FOLLOW = policy(absolute=0.0, relative=0.0, min_months=1)
"Advises the best plan, however small the saving."
LEARNED = ("history_run", "row_run", "bill_run")
RULES = ("stay", "rerate_3", "forecast")


@pytest.fixture(scope="module")
def rules():
    """Return recommenders and a few requests of models that no other test trains."""
    return {name: rule(name) for name in RULES}


def rule(name):
    from planrec.recommending.request_table import requests_of

    few_draws = ["model.n_draws=32"] if name == "forecast" else []
    result = run(composed(*SMALL_BILLS, f"model={name}", "baselines=[]", *few_draws))
    return result.recommender, requests_of(result.table.take(np.arange(6)))


@pytest.fixture(params=[*LEARNED, *RULES])
def asked(request, rules):
    """Return a recommender and requests that it accepts."""
    if request.param in RULES:
        return rules[request.param]
    saved = load_run(request.getfixturevalue(request.param))
    return saved.recommender, [read_request(request) for request in saved.manifest.golden.requests[:6]]


def told(recommender, *requests, language="en"):
    """Return answers as a client reads them; fail if one contains NaN."""
    answers = answered(recommender, requests, language)
    return [json.loads(encoded(answer), parse_constant=refuse) for answer in answers]


def answered(recommender, requests, language):
    """Return answers as `answers_of` does."""
    named = {str(number): request for number, request in enumerate(requests)}
    return answers_of(recommender, named, MODEL, language)


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def test_an_answer_does_not_depend_on_the_other_requests(asked):
    recommender, requests = asked
    named = {f"id-{number}": request for number, request in enumerate(requests)}
    together = answers_of(recommender, named, MODEL)
    alone = [answers_of(recommender, {name: request}, MODEL)[0] for name, request in named.items()]
    for one, same in zip(together, alone, strict=True):
        assert without_last_digits(one) == without_last_digits(same)
    backwards = answers_of(recommender, dict(reversed(named.items())), MODEL)
    assert [answer.recommendation_id for answer in backwards] == [*reversed(named)]


def without_last_digits(answer):
    """Round probabilities: models that use BLAS differ by up to 1e-12 in a batch (CONTRACT section 6)."""
    plain = json.loads(encoded(answer))
    for item in plain["items"]:
        item["probability"] = round(item["probability"], 11)
    return plain


def test_equal_requests_have_equal_bytes(asked):
    recommender, requests = asked
    first, again = (
        [encoded(answer) for answer in answers_of(recommender, {"id": requests[0]}, MODEL)] for _ in range(2)
    )
    assert first == again


def test_an_answer_contains_the_results_of_the_recommender(asked):
    recommender, requests = asked
    table = recommender.table(requests)
    prediction, decisions = recommender.recommend(table)
    saving = savings(table, prediction)
    for row, answer in enumerate(told(recommender, *requests)):
        assert (answer["decision"], answer["reason"]) == (decisions.decision[row], decisions.reason[row])
        recommended = table.plans[decisions.recommended[row]]
        assert answer["advised"] == (recommended if decisions.decision[row] == "recommend" else None)
        ranks = [item["rank"] for item in answer["items"]]
        assert sorted(ranks) == list(range(1, len(answer["items"]) + 1))
        ranked = [
            table.plans.index(item["plan_id"]) for item in sorted(answer["items"], key=itemgetter("rank"))
        ]
        assert ranked == decisions.ranking[row].tolist()[: len(ranked)]
        if prediction.bill_mean is None:
            assert ranks == sorted(ranks)
        else:
            costs = expected_cost(prediction.bill_mean, table)[row]
            shown = [costs[table.plans.index(item["plan_id"])] for item in answer["items"]]
            assert np.isnan(shown).all() or shown == sorted(shown)
        assert len(answer["items"]) + len(answer["not_offered"]) == len(table.plans)
        for item in answer["items"]:
            plan = table.plans.index(item["plan_id"])
            # Linear algebra adds up in another order for one row (CONTRACT section 6).
            assert item["probability"] == pytest.approx(prediction.probability[row, plan], rel=0, abs=1e-12)
            for field, array in (
                ("expected_bill", prediction.bill_mean),
                ("bill_p10", prediction.bill_p10),
                ("bill_p90", prediction.bill_p90),
                ("expected_saving", saving),
                ("saving_p10", prediction.saving_p10),
                ("saving_p50", prediction.saving_p50),
                ("saving_p90", prediction.saving_p90),
                ("prob_cheaper", prediction.prob_cheaper),
            ):
                assert is_same(item[field], None if array is None else array[row, plan]), field
        if answer["current"]:
            held = next(item for item in answer["items"] if item["plan_id"] == requests[row].plan_held)
            assert answer["current"] == {name: held[name] for name in answer["current"]}


def test_every_bill_is_split_into_fee_and_extras_to_the_cent(asked):
    recommender, requests = asked
    catalogue = recommender.catalogue
    for answer in told(recommender, *requests):
        for plan in filter(None, [answer["current"], *answer["items"]]):
            if plan["expected_bill"] is None:
                assert (plan["fee"], plan["extras"]) == (None, None)
                continue
            bill, fee, extras = (Decimal(plan[name]) for name in ("expected_bill", "fee", "extras"))
            assert fee + extras == bill
            assert extras >= 0
            assert fee == min(catalogue.plan(plan["plan_id"]).fee.recurring, bill)


def is_same(text, amount):
    if amount is None or np.isnan(amount):
        return text is None
    return float(text) == pytest.approx(amount, abs=0.0051)


def test_an_answer_names_its_run_and_catalogue(asked):
    recommender, requests = asked
    answer = told(recommender, requests[0])[0]
    assert answer["model"] == {"run_id": MODEL.run_id, "version": MODEL.version}
    catalogue = recommender.catalogue
    assert (answer["catalogue"] is None) == (catalogue is None)
    if catalogue is not None:
        assert answer["catalogue"]["sha256"] == catalogue.sha256


def test_excluded_plans_are_listed_as_not_offered(asked):
    recommender, requests = asked
    first = told(recommender, requests[0])[0]
    held = requests[0].plan_held
    excluded = [item["plan_id"] for item in first["items"]][:2]
    answer = told(recommender, replace(requests[0], exclude=tuple(excluded)))[0]
    gone = [plan for plan in recommender.plans if plan in excluded and plan != held]
    assert answer["not_offered"] == [{"plan_id": plan, "code": "excluded"} for plan in gone]
    assert not set(gone) & {item["plan_id"] for item in answer["items"]}
    assert sum(item["probability"] for item in answer["items"]) == pytest.approx(1 if answer["items"] else 0)


def test_only_staying_is_left_if_every_plan_is_excluded(asked):
    recommender, requests = asked
    answer = told(recommender, replace(requests[0], exclude=recommender.plans))[0]
    if held := requests[0].plan_held:
        assert [item["plan_id"] for item in answer["items"]] == [held]
        expected = [("stay", "all_excluded"), ("abstain", "history_too_short")]
        assert (answer["decision"], answer["reason"]) in expected
        assert answer["advised"] is None
        assert "nothing on offer" not in answer["sentence"]
    else:
        assert (answer["items"], answer["decision"], answer["reason"]) == ([], "abstain", "all_excluded")


@pytest.mark.parametrize("policy", [None, FOLLOW, MostProbable(kind="most_probable")])
def test_the_sentence_is_the_decision(asked, policy):
    recommender, requests = asked
    if policy is not None and (recommender.inputs.asks_held or not policy.needs_bills):
        recommender = replace_dataclass(recommender, policy=policy)
    plans = () if recommender.catalogue is None else recommender.catalogue.plans
    names = {plan: plan for plan in recommender.plans} | {plan.id: plan.name for plan in plans}
    unknown = [replace(request, plan_held=None) for request in requests[:1]]
    narrow = [replace(request, exclude=recommender.plans[1:]) for request in requests[:2]]
    for language in ("en", "es"):
        for answer in answered(recommender, [*requests, *unknown, *narrow], language):
            check_words(said_by(answer), names, language)


def test_top_k_shortens_the_items_and_changes_nothing_else(asked):
    recommender, requests = asked
    whole, short = told(recommender, requests[0], replace(requests[0], top_k=1))
    assert short["items"] == [item for item in whole["items"] if item["rank"] == 1]
    assert {**short, "items": 0, "recommendation_id": 0} == {**whole, "items": 0, "recommendation_id": 0}


def test_the_usage_basis_is_the_given_usage(rules):
    recommender, requests = rules["rerate_3"]
    request = replace(requests[0], months=requests[0].months[-3:])
    basis = told(recommender, request)[0]["usage_basis"]
    assert (basis["months_used"], basis["window"], basis["whose"]) == (3, 6, "subscriber")
    mean = sum(month.data_mib for month in request.months) / 3
    assert basis["mean_month"]["data_mib"] == pytest.approx(mean, abs=0.006)


def test_without_months_the_forecast_is_that_of_the_population(rules):
    recommender, requests = rules["forecast"]
    unknown = replace(requests[0], months=(), as_of="2018-05-01")
    answer, same = told(recommender, unknown, replace(unknown, plan_held=None))
    assert answer["usage_basis"]["whose"] == "population"
    assert (answer["usage_basis"]["months_used"], answer["usage_basis"]["mean_month"]) == (0, None)
    assert (answer["decision"], answer["reason"], answer["bill_basis"]) == (
        "abstain",
        "history_too_short",
        None,
    )
    assert all(Decimal(item["expected_bill"]) > 0 for item in answer["items"])
    bills = {item["plan_id"]: item["expected_bill"] for item in answer["items"]}
    assert bills == {item["plan_id"]: item["expected_bill"] for item in same["items"]}


def test_unknown_values_are_null(rules):
    recommender, requests = rules["forecast"]
    answer = told(recommender, replace(requests[0], plan_held=None))[0]
    assert answer["current"] is None
    against_held = ("expected_saving", "saving_p10", "saving_p50", "saving_p90", "prob_cheaper")
    for item in answer["items"]:
        assert [item[name] for name in against_held] == [None] * 5


def test_the_largest_usage_gets_numbers(asked):
    recommender, requests = asked
    usage = dict.fromkeys(recommender.inputs.usage, 1e9)
    months = tuple(replace(month, **usage) for month in requests[0].months)
    request = replace(requests[0], months=months)
    assert told(recommender, request)[0]["items"]


def test_a_later_day_of_the_month_reads_the_same_months(rules):
    recommender, requests = rules["rerate_3"]
    first, later = told(recommender, requests[0], replace(requests[0], as_of="2018-07-31"))
    assert (first["as_of"], later["as_of"]) == ("2018-07-01", "2018-07-31")
    assert first["items"] == later["items"]


def test_a_decision_without_a_valid_plan_is_refused_at_its_field(rules):
    recommender, requests = rules["forecast"]
    early = (replace(requests[0].months[0], month="1999-01"),)
    request = replace(requests[0], plan_held=None)
    with pytest.raises(RequestError) as caught:
        recommender.table(
            [
                replace(request, months=(), as_of="1999-02-01"),
                replace(request, months=early, as_of="1999-02-27"),
                replace(request, months=early),
            ]
        )
    assert [(misfit.request, misfit.pointer) for misfit in caught.value.misfits] == [
        (0, "/as_of"),
        (1, "/as_of"),
        (2, "/months"),
    ]


def test_a_plan_that_is_not_offered_has_a_code(rules):
    catalogue = rules["stay"][0].catalogue
    content = catalogue.model_dump(mode="json", by_alias=True)
    day = np.datetime64("2018-07-01")
    assert why_not_offered(catalogue, 0, day) == "not_eligible"
    assert why_not_offered(catalogue, 0, np.datetime64("1990-01-01")) == "not_valid"
    content["plans"][0]["sellable"] = False
    assert why_not_offered(Catalogue.model_validate(content), 0, day) == "not_sellable"


@given(
    amount=st.floats(-1e7, 1e7)
    | st.builds(truediv, st.integers(-(10**6), 10**6), st.sampled_from([600, 1000])),
    minor_units=st.sampled_from([1, 100, 1000]),
)
@example(amount=1.005, minor_units=100)  # 100.49999999999999 cents
def test_money_is_rounded_half_up_to_the_currency(amount, minor_units):
    """Compare with `Decimal`, on the number without its binary fractions."""
    [[[text]]] = decimals(np.array([[[amount]]]), minor_units)
    scaled = Decimal(str(round(abs(amount) * minor_units, 7))).quantize(Decimal(1), ROUND_HALF_UP)
    expected = (scaled if amount >= 0 else -scaled) / minor_units
    assert Decimal(text) == expected
    assert len(text.partition(".")[2]) == {1: 0, 100: 2, 1000: 3}[minor_units]
    assert not (text.startswith("-") and Decimal(text) == 0)
