"""Sentences of decisions: by hand, and for any prediction, policy and language."""

from dataclasses import dataclass, replace
from string import Formatter

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.contracts import Policy
from planrec.policy import BestBillPolicy, MostProbable
from planrec.recommending.amounts import plan_figures
from planrec.schema.columns import Columns, lag
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences import Language, Reasons, Sentences
from planrec.sentences.decision_figures import DecisionFigures, Money
from planrec.sentences.decision_sentences import CLAUSES, SENTENCES, SHORT, SHORT_CLAUSES
from planrec.sentences.decision_writer import Decision, Wording, sentence_of
from planrec.sentences.short_sentences import short_sentence_of
from tests.catalogue.catalogues import raw_catalogue
from tests.policy.test_best_bill import policy
from tests.sentences.test_reasons import LADDER, LIGHT, MINI, SIX_MONTHS, table_of
from tests.sentences.words_of_answers import Said, check_words

ENGLISH, SPANISH = (Wording(language, "USD", 2, 3, is_exact=True) for language in ("en", "es"))
SURE = Money(expected=4390, low=2510, high=6420, past=3631)
LONG_NAME = "Family Unlimited Everything {2030} with Roaming in Every Country of the World, Edition "


def decision(
    reason: str = "saves",
    saving: Money | None = SURE,
    *,
    code: str = "recommend",
    bill: Money | None = None,
    trend: int = 0,
    **changed: object,
) -> Decision:
    figures = DecisionFigures(62, saving, bill, trend, n_months=6, costs_to_change=False)
    return Decision(code, reason, "Plus", "Light", "Base", 2, has_exclusions=False, figures=figures)._replace(
        **changed
    )


def test_a_sentence_has_the_saving_that_decided_and_its_range() -> None:
    assert sentence_of(decision(), ENGLISH) == (
        "We recommend Plus: it is expected to cost you 43.90 USD less a month than Base over the next 3"
        " months (8 times in 10: 25.10 to 64.20 USD less). At your last 6 months' usage: 36.31 USD less."
    )
    assert sentence_of(decision(), SPANISH) == (
        "Le recomendamos Plus: se espera que le cueste 43,90 US$ menos al mes que Base en los próximos 3"
        " meses (8 de cada 10 veces: de 25,10 a 64,20 US$ menos). Con su consumo de los últimos 6 meses:"
        " 36,31 US$ menos."
    )


def test_a_past_that_contradicts_the_advice_is_explained_by_the_usage_to_come() -> None:
    dearer = SURE._replace(past=-133)
    texts = [sentence_of(decision(saving=dearer, trend=trend), ENGLISH) for trend in (1, -1, 0)]
    assert [text.partition("less). ")[2] for text in texts] == [
        "At your last 6 months' usage it would not have cost less, but your usage is expected to grow.",
        "At your last 6 months' usage it would not have cost less, but your usage is expected to fall.",
        "At your last 6 months' usage it would not have cost less, but your usage is expected to change.",
    ]
    assert sentence_of(decision(saving=dearer, trend=1), SPANISH).endswith(
        "Con su consumo de los últimos 6 meses no habría costado menos, pero se espera que su consumo"
        " aumente."
    )


@pytest.mark.parametrize(
    ("low", "high", "english", "spanish"),
    [
        (
            -320,
            1240,
            " This is uncertain: 8 times in 10 between a loss of 3.20 USD and a saving of 12.40 USD.",
            " No es seguro: 8 de cada 10 veces, entre una pérdida de 3,20 US$ y un ahorro de 12,40 US$.",
        ),
        (
            0,
            1240,
            " This is uncertain: 8 times in 10 between no saving and a saving of 12.40 USD.",
            " No es seguro: 8 de cada 10 veces, entre ningún ahorro y un ahorro de 12,40 US$.",
        ),
        (
            0,
            0,
            " This is uncertain: 8 times in 10 there is no saving.",
            " No es seguro: 8 de cada 10 veces no hay ahorro.",
        ),
    ],
)
def test_a_range_with_zero_is_called_uncertain(low: int, high: int, english: str, spanish: str) -> None:
    saving = SURE._replace(low=low, high=high)
    assert english in sentence_of(decision(saving=saving), ENGLISH)
    assert spanish in sentence_of(decision(saving=saving), SPANISH)
    assert ", but uncertain" in short_sentence_of(decision(saving=saving), ENGLISH)
    assert ", pero no es seguro" in short_sentence_of(decision(saving=saving), SPANISH)


def test_an_expectation_that_is_the_past_is_told_as_the_past() -> None:
    past = Money(expected=200, low=None, high=None, past=200)
    assert sentence_of(decision(saving=past), ENGLISH) == (
        "We recommend Plus: at your last 6 months' usage it would have cost you 2.00 USD less a month than"
        " Base."
    )
    approximate = SPANISH._replace(is_exact=False)
    assert sentence_of(decision(saving=past), approximate) == (
        "Le recomendamos Plus: con su consumo de los últimos 6 meses le habría costado unos 2,00 US$ menos"
        " al mes que Base."
    )


def test_the_cost_of_changing_and_tiny_savings_are_mentioned() -> None:
    costly = decision()
    costly = costly._replace(figures=costly.figures._replace(costs_to_change=True))
    assert "over the next 3 months, the cost of changing included (8" in sentence_of(costly, ENGLISH)
    tiny = decision(saving=Money(0, None, None, None))
    assert "cost you slightly less (under 0.01 USD a month) than Base" in sentence_of(tiny, ENGLISH)
    assert "un poco menos (por debajo de 0,01 US$ al mes) que Base" in sentence_of(tiny, SPANISH)


@pytest.mark.parametrize(
    ("code", "reason", "english"),
    [
        ("recommend", "keeps_last_advice", "We recommend Plus, as before: it is expected to cost you 43.90"),
        (
            "recommend",
            "most_probable",
            "We recommend Plus: it is the plan that fits usage like yours best (probability 62%). It is"
            " expected",
        ),
        (
            "recommend",
            "held_unknown",
            "We recommend Plus: it comes first for usage like yours. The saving is unknown, as is your"
            " plan. Plus is expected to cost 27.00 USD a month over the next 3 months (8 times in 10: 25.00",
        ),
        ("stay", "nothing_better", "Stay with Plus: nothing on offer is better for you. Plus is expected"),
        (
            "stay",
            "saving_too_small",
            "Stay with Plus: changing to Light is expected to save only 43.90 USD a month over the next 3"
            " months (8 times in 10: 25.10 to 64.20 USD), too little to advise a change. Plus is expected",
        ),
        (
            "stay",
            "best_fit_saves_nothing",
            "Stay with Plus: another plan fits usage like yours better, but it is not expected to cost less.",
        ),
        ("stay", "already_held", "Stay with Plus: it is the plan that fits usage like yours best (probab"),
        (
            "stay",
            "all_excluded",
            "Stay with Plus: no other plan may be recommended, because all others were excluded. Plus is",
        ),
        ("stay", "no_other_plan", "Stay with Plus: no other plan is on offer to you. Plus is expected"),
        (
            "abstain",
            "history_too_short",
            "We cannot advise you yet: too little of your usage is known (2 months).",
        ),
        (
            "abstain",
            "commitment_unknown",
            "We cannot advise you yet: the end of your commitment to Base is not known, and leaving it early",
        ),
        (
            "abstain",
            "all_excluded",
            "We cannot advise you: no plan may be recommended, because all of them were excluded.",
        ),
        ("abstain", "empty_menu", "We cannot advise you: there is no plan that could be offered to you."),
        ("stay", "a_code_of_a_plug_in", "Stay with Plus. Plus is expected"),
        ("recommend", "nothing_better", "We recommend Plus. It is expected to cost you 43.90 USD less"),
    ],
)
def test_every_decision_has_its_sentence(code: str, reason: str, english: str) -> None:
    bill = Money(2700, 2500, 3000, 2600)
    saving = None if reason == "held_unknown" else SURE
    found = decision(reason, saving, code=code, bill=bill)
    assert sentence_of(found, ENGLISH).startswith(english)
    for wording in (ENGLISH, SPANISH):
        said = Said(
            code, reason, sentence_of(found, wording), short_sentence_of(found, wording), None, None, None
        )
        check_words(said, {"plus": "Plus", "light": "Light", "base": "Base"}, wording.language)


def test_exclusions_are_mentioned_if_nothing_left_is_better() -> None:
    left = decision("nothing_better", None, code="stay", has_exclusions=True)
    assert sentence_of(left, ENGLISH) == (
        "Stay with Plus: none of the plans that were not excluded is better for you."
    )
    assert "nothing on offer" not in short_sentence_of(left, ENGLISH)


@pytest.mark.parametrize("wording", [ENGLISH, SPANISH], ids=["en", "es"])
@pytest.mark.parametrize("code", SENTENCES)
def test_a_short_sentence_has_160_characters_for_names_of_any_length(code: str, wording: Wording) -> None:
    huge = Money(10**15 + 90, -(10**15), 10**15, 1)
    for reason in SHORT[code] | dict.fromkeys(["saves", "keeps_last_advice"]):
        for length in (*range(1, 160, 7), 1000):
            for saving in (SURE, huge, SURE._replace(low=None, high=None, past=4390)):
                plan, other = ((LONG_NAME * 12)[:length] + end for end in "AB")
                names = {"plan": plan, "following": other, "held": other}
                text = short_sentence_of(decision(reason, saving, code=code, **names), wording)
                assert len(text) <= 160
                assert plan in text or "..." in text or code == "abstain"
                # A shortened name must not be read as that of the other plan.
                assert other in text or "Edition B" not in text


def test_a_sentence_that_is_too_long_without_any_name_is_sent_even_so() -> None:
    huge = Money(10**200, 1, 10**200, 1)
    assert short_sentence_of(decision(saving=huge), ENGLISH).startswith("We recommend : expected to cost 100")


def test_a_short_sentence_drops_the_other_name_before_the_range() -> None:
    assert short_sentence_of(decision(), ENGLISH) == (
        "We recommend Plus: expected to cost 43.90 USD less a month than Base (8 times in 10: 25.10 to"
        " 64.20)."
    )
    assert short_sentence_of(decision(held=f"{LONG_NAME}B"), SPANISH) == (
        "Le recomendamos Plus: se espera que cueste 43,90 US$ menos al mes que su plan actual"
        " (8 de cada 10 veces: de 25,10 a 64,20)."
    )
    long = short_sentence_of(decision(held=f"{LONG_NAME}B", plan=f"{LONG_NAME}A"), ENGLISH)
    assert long.startswith("We recommend Family Unlimited Everything {2030} with")
    assert long.endswith("Edition A: expected to cost 43.90 USD less a month than your plan.")


@pytest.mark.parametrize(
    ("saving", "ending"),
    [
        (SURE, "(62%)."),
        (SURE._replace(low=-100), "(62%), but a saving is uncertain."),
        (SURE._replace(expected=-100, low=-300), "(62%), but no saving is expected."),
    ],
)
def test_a_short_sentence_about_the_most_probable_plan_has_the_doubt(saving: Money, ending: str) -> None:
    assert short_sentence_of(decision("most_probable", saving), ENGLISH).endswith(ending)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("texts", [*SENTENCES.values(), CLAUSES, *SHORT.values(), SHORT_CLAUSES])
def test_every_text_has_both_languages_with_the_same_placeholders(texts: dict[str, dict[str, str]]) -> None:
    for both in texts.values():
        assert set(both) == {"en", "es"}
        assert placeholders(both["en"]) == placeholders(both["es"])
        assert both["en"] != both["es"]
        for text in both.values():
            for promise in (" will ", "guarantee", "save you", "pagará", "ahorrará", "garantiza"):
                assert promise not in text


def test_every_decision_has_the_same_codes_in_short() -> None:
    for code, texts in SENTENCES.items():
        by_saving = {"saves", "keeps_last_advice"} if code == "recommend" else set()
        in_past_or_ahead = {"gain_past", "gain_ahead"} if code == "recommend" else set()
        assert set(texts) - by_saving == set(SHORT[code]) - in_past_or_ahead


@dataclass(frozen=True)
class Case:
    catalogue: Catalogue
    table: DecisionTable
    prediction: Prediction
    policy: Policy


POLICIES = st.one_of(
    st.builds(
        BestBillPolicy,
        kind=st.just("best_bill"),
        absolute=st.sampled_from([0.0, 0.5, 5.0]),
        relative=st.sampled_from([0.0, 0.1]),
        risk_price=st.sampled_from([0.0, 20.0]),
        harm_at_most=st.none(),
        unknown_commitment=st.sampled_from(["bound", "free", "abstain"]),
        longest_commitment_months=st.none(),
        min_months=st.sampled_from([1, 7]),
    ),
    st.just(MostProbable(kind="most_probable")),
)


def renamed() -> Catalogue:
    """The ladder in euros, with names that are long and much alike."""
    raw = raw_catalogue("ladder")
    for number, plan in enumerate(raw["plans"]):
        plan["name"] = f"{LONG_NAME}{number}"
    return Catalogue.model_validate(raw | {"currency": "EUR"})


CATALOGUES = (LADDER, renamed())
PAST = PastUsage(SIX_MONTHS, LADDER).expected_bill


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any prediction for one subscriber, whose menu may have gaps."""
    catalogue = draw(st.sampled_from(CATALOGUES))
    n_plans = len(catalogue.plans)
    held, last = draw(st.integers(-1, n_plans - 1)), draw(st.integers(-1, n_plans - 1))
    menu, excluded = (draw(hnp.arrays(np.bool_, (1, n_plans))) for _ in range(2))
    if held >= 0:
        menu[0, held], excluded[0, held] = True, False
    excluded &= menu
    columns: Columns = SIX_MONTHS
    if draw(st.booleans()):
        columns = {
            lag(name, 1): SIX_MONTHS[lag(name, 1)] for name in ("voice_minutes_billed", "sms", "data_mib")
        }
        columns = {**{name: values for name, values in SIX_MONTHS.items() if name.endswith(".1")}, **columns}
    table = replace(
        table_of(columns, held, {LIGHT: 500} if draw(st.booleans()) else None, catalogue),
        menu=menu & ~excluded,
        excluded=excluded if draw(st.booleans()) else None,
        last_recommended=np.array([last]),
    )
    return Case(catalogue, table, draw(predictions(table, n_plans)), draw(POLICIES))


@st.composite
def predictions(draw: st.DrawFn, table: DecisionTable, n_plans: int) -> Prediction:
    """Bills near those of the past or not, with quantiles or without."""
    amounts = st.floats(-30, 60).map(lambda amount: round(amount, 3))
    shift = draw(hnp.arrays(np.float64, (1, n_plans), elements=st.just(0.0) | amounts))
    bill_mean = np.maximum(PAST + shift, 0.0)
    weight = draw(hnp.arrays(np.float64, (1, n_plans), elements=st.floats(0.01, 1.0)))
    probability = weight * table.menu / max((weight * table.menu).sum(), 1e-9)
    if draw(st.booleans()):
        return Prediction(probability, bill_mean, ranks_by_bill=draw(st.booleans()))
    known = np.where(table.held is not None and table.held >= 0, 1.0, np.nan)
    low, middle, high = np.sort(
        draw(hnp.arrays(np.float64, (3, 1, n_plans), elements=st.just(0.0) | amounts)), axis=0
    )
    return Prediction(
        probability,
        bill_mean,
        bill_p10=bill_mean * 0.8,
        bill_p90=bill_mean * 1.2,
        saving_p10=low * known,
        saving_p50=middle * known,
        saving_p90=high * known,
        ranks_by_bill=True,
    )


@given(cases())
def test_the_sentence_is_the_decision(case: Case) -> None:
    decisions = case.policy.decide(case.prediction, case.table)
    names = dict(zip(case.catalogue.plan_ids, (plan.name for plan in case.catalogue.plans), strict=True))
    for language in ("en", "es"):
        check_words(said_of(case, decisions, language), names, language)


def said_of(case: Case, decisions: Decisions, language: Language) -> Said:
    past = PastUsage(case.table.X, case.catalogue)
    [sentences] = Reasons(case.table, case.catalogue, past, language).of_decisions(case.prediction, decisions)
    code, reason, plan = (array[0] for array in (decisions.decision, decisions.reason, decisions.recommended))
    figures = plan_figures(case.table, case.prediction, case.catalogue)[0][plan]
    return Said(code, reason, *sentences, figures.expected_saving, figures.saving_p10, figures.saving_p90)


def test_a_decision_without_bills_names_classes_and_the_probability() -> None:
    table = replace(
        table_of({}), held=None, switching_cost=None, plans=("big", "small"), menu=np.ones((1, 2), bool)
    )
    prediction = Prediction(np.array([[0.62, 0.38]]))
    decisions = MostProbable(kind="most_probable").decide(prediction, table)
    [said] = Reasons(table, None, None, "es").of_decisions(prediction, decisions)
    assert said == Sentences(
        "Le recomendamos big: es el plan que mejor encaja con un consumo como el suyo"
        " (probabilidad del 62 %).",
        "Le recomendamos big: es el que mejor encaja con su consumo (62 %).",
    )


def test_a_re_rated_saving_is_that_of_the_past_months() -> None:
    table = table_of(SIX_MONTHS, MINI)
    prediction = Prediction(np.full((1, 6), 1 / 6), PAST, ranks_by_bill=True)
    decisions = policy(absolute=1, relative=0, min_months=1).decide(prediction, table)
    assert decisions.recommended.tolist() == [LIGHT]
    reasons = Reasons(table, LADDER, PastUsage(SIX_MONTHS, LADDER), "es")
    assert reasons.of_decisions(prediction, decisions)[0].short == (
        "Le recomendamos Light: 6,50 US$ menos al mes que Mini por su consumo de los 6 meses anteriores."
    )
