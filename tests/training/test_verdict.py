"""The verdict of a run: its sentence agrees with its figures, for fresh and saved runs alike."""

import math
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrec.metrics import Difference, Estimate, MetricValue
from planrec.runs.read import read_manifest, read_out_of_fold, read_record
from planrec.training.verdict import RunVerdict, verdict_of
from planrec.training.verdict_sentence import PARTS

SHARES = st.floats(0, 1)


@dataclass(frozen=True)
class Judged:
    metrics: tuple[MetricValue, ...]
    differences: tuple[Difference, ...] = ()
    currency: str | None = "USD"
    reservations: tuple[str, ...] = ()
    target: str = "best_bill"


def value_of(model: str, metric: str, value: float, around: float = 0.1) -> MetricValue:
    return MetricValue(model, metric, None, value, value - around, value + around, 100, 50)


def judged_by_bills(saved: float, harm: float, gain: float, around: float) -> Judged:
    own = (
        value_of("forecast", "regret", 5.0),
        value_of("forecast", "savings_captured", saved),
        value_of("forecast", "harm_rate", harm),
    )
    others = (value_of("stay", "regret", 5.0 + gain + 1), value_of("rerate_6", "regret", 5.0 + gain))
    differences = tuple(
        Difference(model, "regret", Estimate(more, more - around, more + around))
        for model, more in (("stay", gain + 1), ("rerate_6", gain))
    )
    return Judged((*own, *others), differences)


@given(st.floats(-3, 1), SHARES, st.floats(-9, 9), st.floats(0, 5))
def test_the_sentence_agrees_with_the_figures(saved, harm, gain, around):
    verdict = verdict_of(judged_by_bills(saved, harm, gain, around))
    sentence = verdict.sentence()
    assert ("beats rerate_6" in sentence) == (gain - around > 0)
    assert ("loses to rerate_6" in sentence) == (gain + around < 0)
    assert ("surely" in sentence) == (abs(gain) > around)
    gain_may_be_chance = abs(gain) <= around and (gain, around) != (0, 0)
    saving_may_be_chance = abs(saved) >= 0.0005 and saved - 0.1 <= 0 <= saved + 0.1
    assert sentence.count("may be chance") == gain_may_be_chance + saving_may_be_chance
    assert ("saves" in sentence, "pay more" in sentence) == (saved > -0.0005, saved <= -0.0005)
    assert percent_in(sentence, r"saves ([\d.]+) %", abs(saved))
    assert percent_in(sentence, r"harms ([\d.]+) %", harm)
    amount = re.search(r"by (less than )?([\d.]+) USD a month", sentence)
    assert amount is None or abs(float(amount[2]) - abs(gain)) <= (0.01 if amount[1] else 0.005001)


def percent_in(sentence: str, pattern: str, share: float) -> bool:
    found = re.search(pattern, sentence)
    return found is None or abs(float(found[1]) - 100 * share) <= (0.0501 if "." in found[1] else 0.501)


@given(st.floats(-3, 1), SHARES, st.floats(-9, 9), st.floats(0, 5))
def test_both_languages_claim_the_same(saved, harm, gain, around):
    verdict = verdict_of(judged_by_bills(saved, harm, gain, around))
    assert claims(verdict, "en") == claims(verdict, "es")


def claims(verdict: RunVerdict, language: str) -> tuple[set[str], list[str]]:
    """The parts that a sentence consists of, and its numbers."""
    sentence = verdict.sentence(language)
    forms = {name: re.escape(texts[language]) for name, texts in PARTS.items()}
    found = {name for name, form in forms.items() if re.search(re.sub(r"\\{\w+\\}", ".+", form), sentence)}
    return found, [number.replace(",", ".") for number in re.findall(r"\d+(?:[.,]\d+)?", sentence)]


def test_a_learned_plan_is_judged_by_macro_f1_not_by_the_first_metric():
    own = (
        value_of("logistic", "log_loss", 0.4),
        value_of("logistic", "accuracy", 0.71),
        value_of("logistic", "macro_f1", 0.648),
    )
    verdict = verdict_of(Judged((*own, value_of("popular", "macro_f1", 0.25)), currency=None))
    assert verdict.sentence() == (
        "logistic names the right plan for 71 %, has a macro F1 of 0.65 and beats popular by 0.398 in"
        " macro F1, surely."
    )
    assert [value.metric for value in verdict.headline] == ["accuracy", "macro_f1", "log_loss"]


def test_a_saving_whose_interval_includes_zero_may_be_chance():
    assert "saves 9.0 % of what could be saved (which may be chance), harms" in sentence_of(saved=0.09)
    assert "is lost, which may be chance), harms" in sentence_of(saved=-0.09)
    assert "could be saved, harms" in sentence_of(saved=0.11)
    own = MetricValue("stay", "savings_captured", None, 0.2, math.nan, math.nan, 1, 1)
    assert "(which may be chance)" in verdict_of(Judged((own,))).sentence()


def test_an_exact_tie_is_no_lead():
    assert sentence_of(gain=0).endswith(" and ties with rerate_6, and the difference may be chance.")
    assert sentence_of(gain=0, around=0).endswith(" and equals rerate_6.")


def test_the_plan_held_is_not_called_the_right_plan():
    judged = Judged((value_of("logistic", "accuracy", 0.71),), target="held")
    assert verdict_of(judged).sentence() == "logistic names the plan held for 71 %."
    assert verdict_of(judged).sentence("es") == "logistic acierta el plan contratado del 71 %."


def sentence_of(saved: float = 0.5, gain: float = 0.68, around: float = 0.2) -> str:
    return verdict_of(judged_by_bills(saved, 0.01, gain, around)).sentence()


def test_the_best_baseline_comes_first_and_each_can_be_found():
    verdict = verdict_of(judged_by_bills(0.5, 0.01, 0.68, 0.2))
    assert [found.baseline for found in verdict.comparisons] == ["rerate_6", "stay"]
    assert verdict.against("stay").gain.value == pytest.approx(1.68)
    assert verdict.against("popular") is None


def test_without_paired_differences_only_separate_intervals_are_sure():
    judged = judged_by_bills(0.5, 0.01, 0.15, 0.01)
    assert verdict_of(judged).best.outcome == "better"
    old = Judged(judged.metrics)
    assert (verdict_of(old).best.outcome, verdict_of(old).best.is_paired) == ("undecided", False)


def test_warnings_are_broken_guards_and_reservations():
    judged = judged_by_bills(0.5, 0.08, 0.68, 0.2)
    warned = verdict_of(Judged(judged.metrics, judged.differences, reservations=("chosen by a search",)))
    assert [warning.partition(" ")[0] for warning in warned.warnings] == ["harm_rate", "chosen"]
    assert verdict_of(judged_by_bills(0.5, 0.04, 0.68, 0.2)).warnings == ()


def test_metrics_without_words_of_their_own_are_named():
    judged = Judged((value_of("lgbm", "log_loss", 0.4), value_of("popular", "log_loss", 0.3)))
    assert verdict_of(judged).sentence() == (
        "lgbm has log_loss 0.400 and is behind popular by 0.100 in log_loss, which may be chance."
    )


def test_a_saved_run_keeps_its_paired_differences(bill_run):
    from planrec.metrics import draws_of, metric_draws, paired_difference
    from planrec.schema.predictions import OutOfFold

    manifest = read_manifest(bill_run)
    best = verdict_of(manifest).best
    assert best.is_paired
    assert verdict_of(manifest).currency == "USD"
    rows = read_out_of_fold(read_record(bill_run), [manifest.model_kind, best.baseline])
    draws = draws_of(rows, manifest.seed, manifest.n_bootstrap)
    model = rows[OutOfFold.MODEL].to_numpy()
    own, other = (
        metric_draws(rows, "regret", draws, model == name) for name in (manifest.model_kind, best.baseline)
    )
    assert best.gain == paired_difference(own, other)
