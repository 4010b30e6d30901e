import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import assume, given

from planrec.errors import DataError
from planrec.metrics import METRICS
from planrec.metrics.judged_rows import read_judged_rows
from tests.metrics.tables import PLANS, out_of_fold, tables, value


def values(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Every metric that the table can give, over all of its rows."""
    judged = read_judged_rows(table)
    once = np.ones((judged.subscribers.count, 1))
    return {
        name: metric.function(judged, once)[..., 0]
        for name, metric in METRICS.items()
        if not (metric.needs_bills and judged.costs is None) and metric.can_measure(judged)
    }


def arrays(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    judged = read_judged_rows(table)
    return judged.y, judged.probability, judged.recommended


@given(tables())
def test_accuracy_is_scikit_learns(table: pd.DataFrame) -> None:
    y, _, advice = arrays(table)
    assert value("accuracy", table) == pytest.approx(sklearn.metrics.accuracy_score(y, advice))


@given(tables())
def test_f1_of_each_plan_and_their_mean_are_scikit_learns(table: pd.DataFrame) -> None:
    y, _, advice = arrays(table)
    present = sorted({*y, *advice} - {-1})
    expected = sklearn.metrics.f1_score(y, advice, labels=present, average=None, zero_division=0)
    by_plan = value("f1", table)
    assert by_plan[present] == pytest.approx(expected)
    assert np.isnan(np.delete(by_plan, present)).all()
    assert value("macro_f1", table) == pytest.approx(expected.mean())


@given(tables())
def test_auc_is_the_mean_of_scikit_learns_over_plans_with_both_sides(table: pd.DataFrame) -> None:
    y, probability, _ = arrays(table)
    both = [plan for plan in range(probability.shape[1]) if 0 < (y == plan).sum() < len(y)]
    expected = [sklearn.metrics.roc_auc_score(y == plan, probability[:, plan]) for plan in both]
    assert value("auc", table) == pytest.approx(np.mean(expected) if both else np.nan, nan_ok=True)


@given(tables(min_rows=3, n_plans=3))
def test_auc_is_scikit_learns_one_vs_rest_macro(table: pd.DataFrame) -> None:
    y, probability, _ = arrays(table)
    assume(len(np.unique(y)) == 3)
    expected = sklearn.metrics.roc_auc_score(y, probability, multi_class="ovr", average="macro")
    assert value("auc", table) == pytest.approx(expected)


@given(tables())
def test_log_loss_and_brier_are_scikit_learns(table: pd.DataFrame) -> None:
    y, probability, _ = arrays(table)
    labels = list(range(probability.shape[1]))
    log_loss = sklearn.metrics.log_loss(y, probability, labels=labels)
    brier = sklearn.metrics.brier_score_loss(y, probability, labels=labels, scale_by_half=False)
    assert value("log_loss", table) == pytest.approx(log_loss, abs=1e-12)
    assert value("brier", table) == pytest.approx(brier)


@pytest.mark.parametrize("k", [2, 3])
def test_top_k_is_scikit_learns_without_ties(k: int) -> None:
    random = np.random.default_rng(k)
    probability, y = random.dirichlet(np.ones(4), 50), random.integers(0, 4, 50)
    expected = sklearn.metrics.top_k_accuracy_score(y, probability, k=k, labels=range(4))
    assert 0 < expected < 1
    assert value(f"top_{k}", out_of_fold(list(y), probability)) == pytest.approx(expected)


def test_equally_probable_plans_share_their_ranks() -> None:
    table = out_of_fold(y=[0, 1, 2], probability=np.full((3, 3), 1 / 3))
    assert value("top_2", table) == pytest.approx(2 / 3)
    assert value("top_3", table) == pytest.approx(1)
    assert value("mrr", table) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_mrr_is_the_mean_of_one_over_the_rank() -> None:
    table = out_of_fold(y=[0, 1, 2], probability=np.tile([0.5, 0.3, 0.2], (3, 1)))
    assert value("mrr", table) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_plans_outside_the_menu_come_last() -> None:
    menu = np.array([[False, True, True]])
    table = out_of_fold(y=[1], probability=np.array([[0.0, 0.0, 1.0]]), menu=menu)
    assert value("mrr", table) == pytest.approx(1 / 2)
    assert value("mrr", table.drop(columns=[f"menu@{plan}" for plan in PLANS[:3]])) == pytest.approx(
        (1 / 2 + 1 / 3) / 2
    )


def test_log_loss_is_renormalised_over_the_menu() -> None:
    menu = np.array([[False, True, True]])
    table = out_of_fold(y=[1], probability=np.array([[0.5, 0.2, 0.3]]), menu=menu)
    assert value("log_loss", table) == pytest.approx(-np.log(0.2 / 0.5))


def test_log_loss_of_a_plan_ruled_out_is_clipped() -> None:
    table = out_of_fold(y=[0], probability=np.array([[0.0, 1.0, 0.0]]))
    assert value("log_loss", table) == pytest.approx(36.04, abs=0.01)


def test_ece_of_fifteen_equal_bins_is_the_mean_gap() -> None:
    confidence = np.repeat(np.linspace(0.51, 0.99, 15), 4)
    hit = np.tile([True, True, True, False], 15)
    table = out_of_fold(
        y=list(np.where(hit, 0, 1)), probability=np.column_stack([confidence, 1 - confidence])
    )
    assert value("ece", table) == pytest.approx(np.abs(np.linspace(0.51, 0.99, 15) - 3 / 4).mean())


@given(tables())
def test_ece_with_few_distinct_confidences_is_the_gap_of_each(table: pd.DataFrame) -> None:
    """With at most ten rows every confidence has a bin of its own, so the bins need no second code."""
    y, probability, _ = arrays(table)
    confidence, hit = probability.max(axis=1), probability.argmax(axis=1) == y
    gaps = [abs((confidence - hit)[confidence == level].sum()) for level in np.unique(confidence)]
    assert value("ece", table) == pytest.approx(sum(gaps) / len(y))


@given(tables(), st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
def test_a_weight_is_a_repeated_subscriber(table: pd.DataFrame, times: list[int]) -> None:
    repeats = [times[subscriber] for subscriber in table["subscriber"]]
    assume(any(repeats))
    judged, present = read_judged_rows(table), np.unique(table["subscriber"])
    weights = np.array(times, float)[present][:, np.newaxis]
    copies = [table.assign(subscriber=10 * table["subscriber"] + copy) for copy in range(max(times))]
    drawn = [rows[np.array(repeats) > copy] for copy, rows in enumerate(copies)]
    # Of the protected groups, a draw may miss some: each group has a test of its own.
    expected = values(pd.concat(drawn, ignore_index=True).drop(columns="segment@age"))
    # Bins are those of the whole sample: `test_ece_keeps_its_bins_in_a_draw`.
    for name in expected.keys() - {"ece", "ece_cheaper"}:
        weighted = METRICS[name].function(judged, weights)[..., 0]
        assert weighted == pytest.approx(expected[name], nan_ok=True, abs=1e-12), name


@given(tables(), st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
def test_a_group_is_its_rows_measured_alone_also_in_a_draw(table: pd.DataFrame, times: list[int]) -> None:
    judged, present = read_judged_rows(table), np.unique(table["subscriber"])
    weights = np.array(times, float)[present][:, np.newaxis]
    alone_of = {
        "regret_by_group": "regret",
        "savings_captured_by_group": "savings_captured",
        "harm_rate_by_group": "harm_rate",
        "error_rate_by_group": "accuracy",
    }
    for name, alone in alone_of.items():
        metric = METRICS[name]
        assert metric.groups is not None
        for group, found in zip(metric.groups(judged), metric.function(judged, weights)[:, 0], strict=True):
            rows = table[table["segment@age"] == group.removeprefix("age=")]
            part = read_judged_rows(rows)
            mine = np.array(times, float)[np.unique(rows["subscriber"])][:, np.newaxis]
            if not mine.any():
                assert np.isnan(found)
                continue
            expected = METRICS[alone].function(part, mine)[0]
            expected = 1 - expected if alone == "accuracy" else expected
            assert found == pytest.approx(expected, nan_ok=True, abs=1e-9), name


def test_ece_keeps_its_bins_in_a_draw() -> None:
    confidence = np.linspace(0.51, 0.99, 30)
    table = out_of_fold(y=[0] * 30, probability=np.column_stack([confidence, 1 - confidence]))
    judged = read_judged_rows(table)
    twice_the_first = np.ones((30, 1))
    twice_the_first[0], twice_the_first[1] = 2, 0
    gaps = [2 * (1 - confidence[0]), *(1 - confidence[2:])]
    assert METRICS["ece"].function(judged, twice_the_first) == pytest.approx(sum(gaps) / 30)


@given(st.data())
def test_the_order_of_the_rows_does_not_matter(data: st.DataObject) -> None:
    table = data.draw(tables())
    shuffled = table.iloc[data.draw(st.permutations(range(len(table))))].reset_index(drop=True)
    expected = values(table)
    for name, found in values(shuffled).items():
        assert found == pytest.approx(expected[name], nan_ok=True, abs=1e-12), name


@given(tables(n_plans=3))
def test_every_score_is_between_perfect_and_always_wrong(table: pd.DataFrame) -> None:
    y, _, _ = arrays(table)
    truth = np.eye(3)[y]
    perfect = out_of_fold(list(y), truth)
    wrong = out_of_fold(list(y), np.roll(truth, 1, axis=1), recommended=list((y + 1) % 3))
    scores = [values(rows) for rows in (perfect, table, wrong)]
    for name in scores[0]:
        metric = METRICS[name]
        best, found, worst = (score[name] for score in scores)
        if not metric.higher_is_better:
            best, found, worst = -best, -found, -worst
        assert not (found > best + 1e-12).any(), name
        # What ranks is worst when the right plan comes last: see the next test.
        assert name in ("auc", "top_2", "top_3", "mrr") or not (found < worst - 1e-12).any(), name


@pytest.mark.parametrize(("name", "worst"), [("top_2", 0.0), ("mrr", 1 / 3), ("auc", 0.0)])
def test_the_right_plan_last_is_the_worst_ranking(name: str, worst: float) -> None:
    y = [0, 1, 2]
    assert value(name, out_of_fold(y, (1 - np.eye(3)[y]) / 2)) == pytest.approx(worst)


def test_abstaining_is_wrong() -> None:
    table = out_of_fold(y=[0, 0], probability=np.tile([0.9, 0.1], (2, 1)), recommended=[0, -1])
    assert value("accuracy", table) == pytest.approx(1 / 2)


def test_a_probability_that_is_missing_is_refused() -> None:
    table = out_of_fold(y=[0, 1], probability=np.array([[0.5, 0.5], [np.nan, 1.0]]))
    with pytest.raises(DataError, match=r"missing or infinite in 1 rows: 1"):
        read_judged_rows(table)


def test_a_plan_without_probability_is_refused_by_name() -> None:
    table = out_of_fold(y=[0, 1], probability=np.full((2, 2), 0.5)).assign(y=["mini", "ghost"])
    with pytest.raises(DataError, match=r"'y' must name plans .*\(mini, base\), got 'ghost' in 1 rows"):
        read_judged_rows(table)


@given(tables(min_rows=2))
def test_summing_groups_one_by_one_gives_the_same_values(table: pd.DataFrame) -> None:
    at_once = values(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planrec.metrics.groups.MOST_AT_ONCE", 0)
        one_by_one = values(table)
    for name in ("regret_by_group", "savings_captured_by_group", "selection_rate_by_group"):
        assert one_by_one[name] == pytest.approx(at_once[name], nan_ok=True, abs=1e-9), name
