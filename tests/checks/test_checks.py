import shlex
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from pydantic import ValidationError

from planrec.checks import CHECKS, Waivers, leakage, run_checks
from planrec.checks.evidence import codes_of
from planrec.contracts import Fold
from planrec.errors import CheckError
from planrec.schema.columns import Columns, InputColumn, InputSchema
from planrec.schema.tables import DecisionTable

AFTER_THE_FOLDS = ("proxy", "gates")
NO_WAIVERS = dict.fromkeys((*CHECKS, *AFTER_THE_FOLDS))
PLANS = ("mini", "base", "max")


def waivers(**reasons: str) -> Waivers:
    return Waivers(**(NO_WAIVERS | reasons))


def table(columns: Columns, y: np.ndarray, subscriber: np.ndarray | None = None) -> DecisionTable:
    inputs = tuple(InputColumn(name=f"source {name}", kind="number", becomes=name) for name in columns)
    return DecisionTable(
        X=columns,
        subscriber=np.arange(len(y)) if subscriber is None else subscriber,
        has_subscribers=subscriber is not None,
        plans=PLANS,
        menu=np.ones((len(y), len(PLANS)), bool),
        inputs=InputSchema(takes="attributes", columns=inputs, usage=(), window=1, asks_held=False),
        y=y,
    )


def clean(n: int = 600, seed: int = 0) -> DecisionTable:
    """Usage that is related to the plan, noise, text, dates and an id."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, n)
    columns: Columns = {
        "data_mib": random.gamma(2, 1000 * (1 + y)),
        "calls": random.poisson(20, n).astype(float),
        "region": np.array(["north", "south", None], object)[random.integers(0, 3, n)],
        "joined": np.datetime64("2029-01-01", "s") + random.integers(0, 10**7, n).astype("timedelta64[s]"),
        "blank": np.full(n, np.nan),
        "id": np.array([f"customer-{k}" for k in random.permutation(n)], object),
    }
    return table(columns, y)


def planted(values: np.ndarray, name: str = "leak", seed: int = 0) -> DecisionTable:
    good = clean(len(values), seed)
    return table({**good.X, name: values}, good.y)


def folds(n: int, number: int = 2) -> list[Fold]:
    fold = np.arange(n) % number
    return [Fold(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(number)]


def not_screened(notes: list[str]) -> list[str]:
    return [note for note in notes if "not screened" in note]


def screened(notes: list[str]) -> list[str]:
    """Return the notes without those about tables too small to screen."""
    return [note for note in notes if note not in not_screened(notes)]


def check(checked: DecisionTable, whole: bool = True, **reasons: str) -> list[str]:
    return run_checks(checked, folds(len(checked)), waivers(**reasons), keeps_subscribers_whole=whole)


def problems(checked: DecisionTable, whole: bool = True) -> str:
    with pytest.raises(CheckError) as raised:
        check(checked, whole)
    return str(raised.value)


@pytest.mark.parametrize("seed", range(5))
def test_clean_data_passes_without_a_note(seed: int) -> None:
    assert check(clean(seed=seed)) == []


def test_every_check_has_a_waiver() -> None:
    assert list(Waivers.model_fields) == [*CHECKS, *AFTER_THE_FOLDS]


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_waiver_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        waivers(overlap=reason)


def test_a_waiver_of_an_unknown_check_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        waivers(leakage="fine")


def as_numbers(y: np.ndarray) -> np.ndarray:
    return y.astype(float)


def as_other_numbers(y: np.ndarray) -> np.ndarray:
    return np.array([7.5, -1.0, np.nan])[y]


def as_names(y: np.ndarray) -> np.ndarray:
    return np.array(["S", None, "L"], object)[y]


def as_dates(y: np.ndarray) -> np.ndarray:
    return np.array(["2029-01-01", "2028-01-01", "NaT"], "datetime64[s]")[y]


@pytest.mark.parametrize("renamed", [as_numbers, as_other_numbers, as_names, as_dates])
def test_the_label_under_any_name_stops_the_run(renamed: Callable[[np.ndarray], np.ndarray]) -> None:
    y = np.arange(30) % 3
    noise = np.random.default_rng(0).normal(size=30)
    text = problems(table({"noise": noise, "tariff": renamed(y)}, y))
    assert "label_in_features: column 'source tariff' equals the label, value for value" in text
    assert "'data.drop_columns=[\"source tariff\"]'" in text
    assert "'waivers.label_in_features=\"WHY THIS IS FINE\"'" in text
    assert "noise" not in text


def test_one_row_that_differs_is_not_the_label() -> None:
    y = np.arange(1000) % 3
    almost = y.astype(float)
    almost[900] = 0.0 if y[900] else 1.0
    with pytest.raises(CheckError) as raised:
        check(table({"tariff": almost}, y))
    assert "label_in_features" not in str(raised.value)
    assert "leakage_screen" in str(raised.value)


def test_a_finer_column_than_the_label_is_not_the_label_itself() -> None:
    y = np.array([0, 0, 1, 1])
    assert screened(check(table({"price": np.array([1.0, 2.0, 3.0, 3.0])}, y))) == []


def test_a_waived_label_is_recorded_with_its_reason() -> None:
    y = np.arange(30) % 3
    (note,) = screened(check(table({"tariff": y.astype(float)}, y), label_in_features="a test"))
    assert (
        note == "label_in_features: column 'source tariff' equals the label, value for value; waived: a test"
    )


def test_a_constant_label_stops_the_run_or_is_waived() -> None:
    same = table({"calls": np.arange(5.0)}, np.ones(5, np.int64))
    assert "constant_label: the label must have two plans or more, got only 'base' in 5 rows" in problems(
        same
    )
    assert "waived: only one plan is left" in check(same, constant_label="only one plan is left")[0]


def noisy_order(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return y + random.uniform(-0.45, 0.45, len(y))


def falling(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return -noisy_order(y, random)


def only_the_middle_plan(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Order alone predicts little: the middle plan's fee is between those of the others."""
    return np.where(
        y == 1, random.uniform(0.5, 0.6, len(y)), random.choice([0, 1], len(y)) + random.random(len(y)) / 3
    )


def missing_for_one_plan(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.where(y == 2, np.nan, random.normal(size=len(y)))


def forty_names(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.array(
        [f"offer-{plan}-{k}" for plan, k in zip(y, random.integers(0, 13, len(y)), strict=True)], object
    )


def dates(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.datetime64("2029-01-01", "s") + (noisy_order(y, random) * 1e6).astype("timedelta64[s]")


@pytest.mark.parametrize(
    "leak", [noisy_order, falling, only_the_middle_plan, missing_for_one_plan, forty_names, dates]
)
def test_a_column_that_predicts_the_plan_stops_the_run(
    leak: Callable[[np.ndarray, np.random.Generator], np.ndarray],
) -> None:
    checked = planted(leak(clean().y, np.random.default_rng(1)))
    text = problems(checked)
    assert "leakage_screen: column 'source leak' alone predicts who holds" in text
    assert "600 subscribers" in text
    assert "'data.drop_columns=[\"source leak\"]'" in text
    assert "'waivers.leakage_screen=\"WHY THIS IS FINE\"'" in text
    assert text.count("alone predicts") == 1
    (note,) = check(checked, leakage_screen="known at sale")
    assert note.endswith("waived: known at sale")


def test_a_leak_with_a_few_wrong_rows_still_stops_the_run() -> None:
    y = clean().y
    values = noisy_order(y, np.random.default_rng(1))
    values[:3] = values[::-1][:3]
    assert "leakage_screen" in problems(planted(values))


def warners(notes: list[str]) -> list[str]:
    return [note.partition(":")[0] for note in notes]


def test_a_strong_but_legal_column_only_warns() -> None:
    y = clean(2000).y
    notes = check(planted(y + np.random.default_rng(1).normal(0, 0.5, 2000)))
    assert warners(notes) == ["possible leak, dominant_column"]


@pytest.mark.parametrize(
    "name", ["bill", "bill_amount", "bill_base", "billing", "probability@mini", "data_mib.9"]
)
def test_columns_of_any_name_are_screened(name: str) -> None:
    """A bill is the plan's fee and some usage."""
    fee = np.array([10.0, 25.0, 40.0])[clean().y]
    leak = planted(fee + np.random.default_rng(1).gamma(2, 1, len(fee)), name=name)
    assert f"column 'source {name}' alone predicts who holds" in problems(leak)


def test_a_leak_is_reported_once() -> None:
    """The label itself is a leak too, under its own check and with its own way out."""
    good = clean()
    columns = {"tariff": good.y.astype(float), "fee": noisy_order(good.y, np.random.default_rng(1))}
    text = problems(table(good.X | columns, good.y))
    assert text.count("'source tariff'") == text.count("'source fee'") == 1
    assert "label_in_features: column 'source tariff'" in text
    assert "leakage_screen: column 'source fee'" in text
    (note,) = check(planted(good.y.astype(float)), label_in_features="a test")
    assert note.startswith("label_in_features")


def test_ids_and_rare_texts_are_not_leaks_by_chance() -> None:
    """Values that occur once or twice always separate the plans in sample."""
    random = np.random.default_rng(2)
    for n_values in (10**9, 2000, 300):
        ids = random.integers(0, n_values, 600)
        assert check(planted(np.array([f"v{k}" for k in ids], object))) == []
        assert check(planted(ids.astype(float))) == []


@pytest.mark.parametrize("n_rest", [1, 12])
def test_a_thousand_columns_of_noise_are_not_leaks(n_rest: int) -> None:
    random = np.random.default_rng(3)
    y = np.repeat([0, 1], [150, n_rest])
    noise = {f"x{k}": random.normal(size=len(y)) for k in range(900)}
    flags = {f"f{k}": random.integers(0, 2, len(y)).astype(float) for k in range(100)}
    assert screened(check(table(noise | flags, y))) == []


def test_a_value_is_judged_by_the_other_half_alone() -> None:
    """Every value occurs twice, once in each half: in sample it determines the label."""
    plan = np.random.default_rng(8).integers(0, 2, 600)
    screen = leakage.PlanScreen(np.arange(600), plan, np.array([0, 1]), half=np.tile([0, 1], 300))
    limits = [limit for limit, _ in leakage.limits_by_value(np.repeat(np.arange(300), 2), screen)]
    assert len(limits) == 2
    assert max(limits) < 0.6


def test_the_lower_limit_is_de_longs() -> None:
    """Against the definition: the mean over all pairs, and the spread of its row and column means."""
    random = np.random.default_rng(9)
    positive, negative = random.normal(3.5, 1, 60).round(1), random.normal(0, 1, 40).round(1)
    wins = (positive[:, None] > negative) + (positive[:, None] == negative) / 2
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / 60 + wins.mean(axis=0).var(ddof=1) / 40)
    assert wins.mean() > leakage.AUC_LIMIT
    levels = np.unique([*positive, *negative])
    counts = [(side == levels[:, None]).sum(axis=1) for side in (positive, negative)]
    assert leakage._lower_limit(*counts) == pytest.approx(wins.mean() - 1.96 * error)


def test_few_subscribers_are_not_enough_to_be_sure() -> None:
    """The quantiles of two normals 3.07 apart: an AUC of 0.985 for any number of subscribers."""

    def leaking(n: int) -> DecisionTable:
        one = np.array([NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)])
        return table({"fee": np.concatenate([one, one + 3.07])}, np.repeat([0, 1], n))

    assert warners(check(leaking(60))) == ["possible leak, dominant_column"]
    assert "leakage_screen" in problems(leaking(3000))


def test_missing_is_a_value_and_comes_first() -> None:
    assert codes_of(np.array([3.0, np.nan, -5.0, np.nan, 3.0])).tolist() == [2, 0, 1, 0, 2]
    assert codes_of(np.array(["2029-01-01", "NaT", "1900-01-01"], "datetime64[s]")).tolist() == [2, 0, 1]
    assert codes_of(np.array(["b", None, "a", None], object)).tolist() == [0, 1, 2, 1]


def test_plans_with_few_subscribers_are_not_screened() -> None:
    y = np.repeat([0, 1], [49, 49])
    leak = {"fee": noisy_order(y, np.random.default_rng(4))}
    assert check(table(leak, y)) == [
        "leakage_screen: not screened for leaks: plans 'mini', 'base' have fewer than 50 subscribers"
    ]
    y = np.repeat([0, 1], [50, 49])
    leak = {"fee": noisy_order(y, np.random.default_rng(4))}
    assert "leakage_screen" in problems(table(leak, y))


@pytest.mark.parametrize(
    ("subscribers", "note"),
    [
        ([60, 60, 60], None),
        ([60, 49, 0], None),  # of two plans, predicting one predicts the other
        ([60, 0, 0], None),
        ([60, 60, 49], "plan 'max' has fewer than 50 subscribers"),
        ([60, 20, 49], "plans 'base', 'max' have fewer than 50 subscribers"),
        ([60, 9, 0], "plan 'base' has fewer than 50 subscribers"),
        ([60, 4, 4], "plans 'base', 'max' have fewer than 50 subscribers"),
    ],
)
def test_plans_that_are_not_screened_are_noted(subscribers: list[int], note: str | None) -> None:
    y = np.repeat([0, 1, 2], subscribers)
    checked = table({"noise": np.random.default_rng(0).normal(size=len(y))}, y)
    notes = not_screened(check(checked, constant_label="a test"))
    assert notes == ([] if note is None else [f"leakage_screen: not screened for leaks: {note}"])


def test_without_plans_held_the_screen_notes_that_it_did_not_run() -> None:
    checked = replace(clean(), held=np.full(600, -1))
    assert check(checked) == ["leakage_screen: not screened for leaks: no plan held is known"]


def test_the_screen_counts_subscribers_and_not_rows() -> None:
    """Forty people with fifty months each are too few people for any number of rows."""
    y = np.repeat(np.repeat([0, 1], 20), 50)
    leak = noisy_order(y, np.random.default_rng(5))
    assert "leakage_screen" in problems(table({"fee": leak}, y))
    subscriber = np.repeat(np.arange(40), 50)
    grouped = [Fold(np.flatnonzero(subscriber % 2 == k), np.flatnonzero(subscriber % 2 != k)) for k in (0, 1)]
    checked = table({"fee": leak}, y, subscriber)
    assert screened(run_checks(checked, grouped, waivers(), keeps_subscribers_whole=True)) == []


def test_the_last_decision_of_a_subscriber_is_the_one_by_date() -> None:
    """First months predict nothing, last months everything; the newest rows come first."""
    random = np.random.default_rng(6)
    y = np.tile(random.integers(0, 2, 100), 2)
    leak = np.concatenate([noisy_order(y[:100], random), random.normal(size=100)])
    as_of = np.repeat(np.array(["2029-02-01", "2029-01-01"], "datetime64[D]"), 100)
    checked = replace(table({"fee": leak}, y, np.tile(np.arange(100), 2)), as_of=as_of)
    assert "leakage_screen" in problems(checked, whole=False)


def test_the_screen_uses_the_plan_held_if_it_is_known() -> None:
    random = np.random.default_rng(7)
    held = random.integers(-1, 3, 600)
    good = clean()
    checked = replace(table({**good.X, "fee": noisy_order(held, random)}, good.y), held=held)
    assert "column 'source fee' alone predicts who holds" in problems(checked)


def test_a_table_without_labels_passes() -> None:
    assert check(replace(clean(), y=None)) == []


def test_a_repeated_month_stops_the_run_or_is_waived() -> None:
    subscriber = np.array(["ann", "bob", "ann", "bob", "ann"], object)
    as_of = np.array(["2029-01-01", "2029-01-01", "2029-02-01", "2029-01-01", "2029-03-01"], "datetime64[D]")
    checked = replace(table({"calls": np.arange(5.0)}, np.array([0, 1, 0, 1, 1]), subscriber), as_of=as_of)
    text = problems(checked, whole=False)
    assert "must have one row, 1 repeated in 2 rows; first: subscriber bob at 2029-01-01 on rows 1, 3" in text
    assert "waivers.repeated_month=" in text
    assert "two SIM cards" in check(checked, whole=False, repeated_month="two SIM cards")[0]


def test_without_subscribers_or_months_nothing_is_repeated() -> None:
    as_of = np.full(4, np.datetime64("2029-01-01"))
    rows = table({"calls": np.arange(4.0)}, np.array([0, 1, 0, 1]))
    assert screened(check(replace(rows, as_of=as_of))) == []
    one_person = replace(rows, has_subscribers=True, subscriber=np.zeros(4))
    assert screened(check(one_person, whole=False))[0].startswith("overlap")


def people() -> DecisionTable:
    """Row k of eight belongs to person k // 2, so that `folds` splits every person."""
    return table(
        {"calls": np.arange(8.0)}, np.array([0, 1, 1, 0, 0, 1, 1, 0]), np.repeat([11, 12, 13, 14], 2)
    )


def test_overlap_stops_the_run_if_the_splitter_keeps_subscribers_whole() -> None:
    text = problems(people())
    assert (
        "overlap: fold 0 must keep subscribers whole, 4 subscribers in train and test: 11, 12, 13, 14" in text
    )
    assert "overlap: fold 1 must" in text
    assert len(screened(check(people(), overlap="to see the effect"))) == 2


def test_overlap_is_a_note_if_the_splitter_splits_rows() -> None:
    (note,) = screened(check(people(), whole=False))
    assert note.startswith(
        "overlap: up to 100% of the test subscribers of a fold are also in its training rows"
    )
    assert "cv=grouped" in note


def test_whole_subscribers_pass() -> None:
    halves = [Fold(np.arange(4), np.arange(4, 8)), Fold(np.arange(4, 8), np.arange(4))]
    assert screened(run_checks(people(), halves, waivers(), keeps_subscribers_whole=True)) == []


def test_all_problems_of_all_checks_are_listed_at_once() -> None:
    y = np.arange(200) // 2 % 2
    subscriber = np.repeat(np.arange(100), 2)[::-1].copy()
    columns = {"tariff": y.astype(float), "invoice": y + np.arange(200) / 400}
    checked = replace(table(columns, y, subscriber), as_of=np.full(200, np.datetime64("2029-01-01")))
    text = problems(checked)
    for name in ("label_in_features", "leakage_screen", "repeated_month", "overlap"):
        assert f"- {name}: " in text
    assert "'data.drop_columns=[\"source tariff\"]'" in text
    assert "'data.drop_columns=[\"source invoice\"]'" in text


def test_hydra_reads_the_override_that_drops_columns() -> None:
    names = [
        "plain",
        "a b",
        'a "b"',
        "it's",
        "a,b",
        "[x]",
        "a\\b",
        "a\\",
        '\\"',
        "Straße",
        "1st",
        "Null",
        " a ",
        "",
    ]
    y = np.arange(20) % 2
    inputs = tuple(InputColumn(name=name, kind="number", becomes=name) for name in names)
    checked = replace(
        table({name: y.astype(float) for name in names}, y),
        inputs=InputSchema(takes="attributes", columns=inputs, usage=(), window=1, asks_held=False),
    )
    line = next(part for part in problems(checked).splitlines() if "drop with" in part)
    (override,) = [word for word in shlex.split(line) if word.startswith("data.drop_columns=")]
    parsed = OverridesParser.create().parse_override(override).value()
    assert [name if isinstance(name, str) else name.text for name in parsed] == names


def test_the_command_that_drops_a_column_keeps_those_that_are_dropped_already() -> None:
    y = np.arange(200) // 2 % 2
    checked = table({"leak": y + np.arange(200) / 400}, y, np.arange(200))
    with pytest.raises(CheckError) as caught:
        run_checks(checked, folds(200), waivers(), ["churn"], keeps_subscribers_whole=True)
    assert "'data.drop_columns=[churn,\"source leak\"]'" in str(caught.value)
