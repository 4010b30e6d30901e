"""Choices of a fit on inner folds of its own rows: thresholds, weights, rounds; and corrected bills."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from planrec.catalogue.past_usage import PastUsage
from planrec.config.run_config import RunConfig
from planrec.contracts import Demand, RoundsModel
from planrec.errors import ConfigError, RunError
from planrec.recommending.recommender import Recommender, blended, model_input, past_bills
from planrec.reports.cards.model_card import card_of
from planrec.reports.page.report_page import report_page
from planrec.reports.page.requested_runs import read_requested_runs
from planrec.runs.read import load_run, replay_golden
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.training.cross_fit import held_out_prediction, inner_folds
from planrec.training.early_stopping import stopped_early
from planrec.training.ensemble_weights import greedy_weights
from planrec.training.experiment import load_decisions, run
from planrec.training.fitting import Chosen, choices_of, fitted_recommender
from planrec.training.harm_bound import fewest_subscribers, keeps_limit, p_value, share_by_subscriber
from planrec.training.harm_guard import guarded, harmed, last_kept
from tests.quick_configs import composed
from tests.trained_runs import train_into

SMALL = ("data.n_subscribers=150", "cv.n_folds=2", "n_bootstrap=20", "baselines=[stay]", "metrics=[regret]")
MODELS = {
    "lgbm_bills": ("model=lgbm_bills", "model.n_estimators=20"),
    "ensemble": (
        "model=ensemble",
        "model.blend.lgbm_bills.n_estimators=10",
        "model.blend.forecast.n_draws=8",
    ),
    "ensemble_held": ("model=ensemble_held", "model.blend.forest.n_estimators=5"),
    "guarded": ("model=rerate_6", "policy=guarded", "policy.harm_at_most=0.1"),
    "guarded_forecast": ("model=forecast", "model.n_draws=32", "policy=guarded", "policy.harm_at_most=0.1"),
    "stop_early": ("model=lgbm", "model.stop_early=true", "model.n_estimators=40"),
    "guarded_in_vain": ("model=rerate_6", "policy=guarded", "policy.harm_at_most=1e-6"),
}


def config_of(*overrides: str) -> RunConfig:
    return composed(*SMALL, *overrides)


@pytest.fixture(scope="module")
def table() -> DecisionTable:
    return load_decisions(config_of()).table


@pytest.fixture(scope="module", params=MODELS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "12-00-00-abc123"
    return train_into(folder, *SMALL, *MODELS[request.param], small=())


def test_a_saved_run_gives_its_evaluated_answers(saved: Path) -> None:
    run = load_run(saved)
    replay_golden(run)
    first, *rest = run.manifest.golden.recommended
    golden = run.manifest.golden.model_copy(update={"recommended": (first + 1, *rest)})
    run = replace(run, manifest=run.manifest.model_copy(update={"golden": golden}))
    with pytest.raises(RunError, match="does not give the answers"):
        replay_golden(run)


def test_choices_are_saved_for_every_fold_and_the_final_model(saved: Path) -> None:
    manifest = json.loads((saved / "run.json").read_text("utf-8"))
    kind = manifest["config"]["model"]["kind"]
    chosen = [entry for entry in manifest["chosen"] if entry["model"] == kind]
    if kind == "lgbm_bills" or manifest["config"]["policy"]["harm_at_most"] == 1e-6:
        assert chosen == []
        return
    assert [entry["fold"] for entry in chosen] == [0, 1, None]
    if kind == "ensemble":
        assert all(sum(entry["weights"].values()) == pytest.approx(1) for entry in chosen)
    elif kind == "rerate":
        assert load_run(saved).recommender.policy.demand == Demand(chosen[-1]["least_saving"], 0.0)
    elif kind == "forecast":
        assert load_run(saved).recommender.policy.demand == Demand(0.0, chosen[-1]["risk_price"])
    else:
        assert all(1 <= entry["rounds"] <= 40 for entry in chosen)


def test_a_loaded_policy_has_the_chosen_threshold(saved: Path, table: DecisionTable) -> None:
    manifest = json.loads((saved / "run.json").read_text("utf-8"))
    policy = load_run(saved).recommender.policy
    if manifest["config"]["policy"]["harm_at_most"] == 1e-6:
        # Too few subscribers to enforce the limit: both thresholds apply, and a note reports it.
        assert policy == config_of(*MODELS["guarded_in_vain"]).policy
        assert any(
            "policy.harm_at_most=1e-06 was not enforced in 3 of 3" in note for note in manifest["notes"]
        )
    else:
        assert not any("harm_at_most" in note for note in manifest["notes"])


def test_card_and_report_show_the_choices_of_the_final_model(saved: Path) -> None:
    kept = [entry for entry in load_run(saved).manifest.chosen if entry.fold is None]
    card, page = card_of(saved), report_page(read_requested_runs([saved]))
    assert ("Chosen on inner folds" in card) == bool(kept)
    for entry in kept:
        assert str(entry) in card.replace("\\", "")
        assert f"{entry} for the model that is kept" in page


def test_choices_are_formatted_as_a_line() -> None:
    weights = {"forecast": 0.15, "lgbm_bills": 0.85}
    assert str(Chosen("m", None, 23, weights, 5.126)) == (
        "23 rounds, weights forecast 0.15, lgbm_bills 0.85, least saving 5.13 a month"
    )


def test_members_of_an_ensemble_stop_early(table: DecisionTable) -> None:
    options = (
        "model=ensemble_held",
        "model.blend.lgbm.stop_early=true",
        "model.blend.lgbm.n_estimators=30",
        "model.blend.forest.n_estimators=2",
        "model.n_picks=1",
    )
    config = config_of(*options)
    rows = table.take(np.arange(300))
    # One column decides the label, which boosting learns best.
    plain = replace(rows, y=(rows.X["data_mib.1"] > np.median(rows.X["data_mib.1"])).astype(np.int64))
    noise = replace(plain, y=np.random.default_rng(0).permutation(plain.y))
    for labelled in (plain, noise):
        blend = fitted_recommender(config, config.model, labelled, table, 1).estimator
        for name, pipeline in zip(blend.names, blend.pipelines, strict=True):
            if name == "lgbm":
                kept = stopped_early(config, config.model.blend["lgbm"], labelled)
                assert pipeline[-1].classifier_.n_estimators == kept.n_estimators < 30


def test_the_answer_for_a_row_does_not_depend_on_the_other_rows(saved: Path, table: DecisionTable) -> None:
    recommender = load_run(saved).recommender
    batch, decisions = recommender.recommend(table)
    assert batch.bill_mean is not None
    assert np.isfinite(batch.bill_mean).all()
    np.testing.assert_allclose(batch.probability.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    for row in (0, 7, len(table) - 1):
        alone, decision = recommender.recommend(table.take(np.array([row])))
        # Logistic regression is exact to 1e-12 only (CONTRACT section 6).
        np.testing.assert_allclose(alone.probability[0], batch.probability[row], rtol=0, atol=1e-12)
        np.testing.assert_allclose(alone.bill_mean[0], batch.bill_mean[row], rtol=1e-12)
        assert decision.recommended[0] == decisions.recommended[row]


def test_no_subscriber_is_predicted_by_a_fit_on_its_own_rows(table: DecisionTable) -> None:
    config = config_of("model=rerate_6")
    learned: list[set[int]] = []
    asked: list[set[int]] = []

    class Watching(Recommender):
        def predict(self, rows: DecisionTable) -> Prediction:
            asked.append(set(rows.subscriber))
            return super().predict(rows)

    def fit(rows: DecisionTable) -> Recommender:
        learned.append(set(rows.subscriber))
        recommender = fitted_recommender(config, config.model, rows, table, 1)
        return Watching(**{name: getattr(recommender, name) for name in recommender.__dataclass_fields__})

    folds = inner_folds(table, seed=0)
    assert folds is not None
    prediction = held_out_prediction(table, folds, fit)
    assert all(not one & other for one, other in zip(learned, asked, strict=True))
    assert set.union(*asked) == set(table.subscriber)
    # In the order of the table: re-rating learns nothing, so every fit predicts the same.
    same = fitted_recommender(config, config.model, table, table, 1).predict(table)
    np.testing.assert_array_equal(prediction.bill_mean, same.bill_mean)


@pytest.mark.parametrize("model", ["rerate_6", "forecast"])
def test_the_guard_picks_the_lowest_demand_that_keeps_the_limit(model: str, table: DecisionTable) -> None:
    config = config_of(f"model={model}", "policy=guarded", "policy.harm_at_most=0.12")
    prediction = fitted_recommender(config, config.model, table, table, 1).predict(table)
    kept = guarded(config.policy, table, prediction)
    assert keeps_limit(harmed(kept, table, prediction), table.subscriber, 0.12)
    assert (kept.demand.risk_price > 0) == (model == "forecast")
    assert (kept.demand.least_saving > 0) == (model != "forecast")
    half = Demand(kept.demand.least_saving / 2, kept.demand.risk_price / 2)
    weaker = config.policy.demanding(half)
    assert not keeps_limit(harmed(weaker, table, prediction), table.subscriber, 0.12)


def test_the_search_ends_at_the_first_demand_that_breaks_the_limit() -> None:
    assert last_kept([4, 3, 2, 1], lambda demand: demand != 2) == 3
    assert last_kept([4, 3], lambda demand: demand < 4) == 4
    assert last_kept([4, 3], lambda demand: True) == 3


def test_a_limit_that_cannot_be_kept_allows_almost_no_moves(table: DecisionTable) -> None:
    config = config_of("model=cheapest_fee", "policy=guarded", "policy.harm_at_most=0.02")
    prediction = fitted_recommender(config, config.model, table, table, 1).predict(table)
    decisions = guarded(config.policy, table, prediction).decide(prediction, table)
    assert (decisions.decision == "recommend").mean() < 0.02


def test_with_too_few_decisions_the_policy_is_unchanged(table: DecisionTable) -> None:
    config = config_of("model=rerate_6", "policy=guarded")
    few = table.take(np.arange(40))
    prediction = fitted_recommender(config, config.model, few, table, 1).predict(few)
    assert guarded(config.policy, few, prediction) == config.policy
    lonely = table.take(np.arange(1))
    assert inner_folds(lonely, 0) is None
    assert fitted_recommender(config, config.model, lonely, table, 1).policy == config.policy


@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0.01, 0.5))
def test_the_p_value_falls_with_subscribers_and_rises_with_harm(n: int, share: float, limit: float) -> None:
    shares = (np.arange(n) < round(share * n)).astype(float)
    found = p_value(shares, limit)
    assert 0 <= found <= 1
    assert p_value(np.tile(shares, 10), limit) <= found + 1e-12
    assert p_value(np.minimum(shares + 0.01, 1), limit) >= found - 1e-12
    assert found == 1 or shares.mean() < limit


def test_the_bound_is_broken_as_rarely_as_it_promises() -> None:
    """Decisions of one subscriber are equal, and the true harm is just above the limit."""
    rng, n, n_each, limit = np.random.default_rng(0), 300, 4, 0.05
    who = np.repeat(np.arange(n), n_each)
    wrong = [keeps_limit(np.repeat(rng.random(n) < 0.0501, n_each), who, limit) for _ in range(2_000)]
    assert np.mean(wrong) <= 0.05
    # One by one, equal decisions look like four times the evidence.
    alone = np.arange(n * n_each)
    as_rows = [keeps_limit(np.repeat(rng.random(n) < 0.0501, n_each), alone, limit) for _ in range(500)]
    assert np.mean(as_rows) > 0.1


def test_every_subscriber_counts_once() -> None:
    shares = share_by_subscriber(np.array([1, 0, 0, 0, 1], bool), np.array([7, 7, 7, 7, 3]))
    assert shares.tolist() == [1.0, 0.25]


@given(st.floats(0.001, 0.5))
def test_fewest_subscribers_is_the_first_number_that_can_show_the_limit(limit: float) -> None:
    fewest = fewest_subscribers(limit)
    assert p_value(np.zeros(fewest), limit) <= 0.05 + 1e-9
    assert p_value(np.zeros(max(fewest - 1, 0)), limit) > 0.05 - 1e-9


def prediction_of(probability: np.ndarray) -> Prediction:
    return Prediction(probability / probability.sum(axis=1, keepdims=True))


def test_the_member_that_is_always_right_gets_all_the_weight(table: DecisionTable) -> None:
    assert table.y is not None
    right = np.full(table.menu.shape, 1e-9)
    right[np.arange(len(table)), table.y] = 1.0
    wrong = np.ones(table.menu.shape)
    assert greedy_weights([prediction_of(wrong), prediction_of(right)], table, 10) == [0.0, 1.0]


def test_weights_follow_money_if_all_members_forecast_bills(table: DecisionTable) -> None:
    assert table.future_bills is not None
    knows = table.future_bills / (table.minor_units * table.horizon)
    probability = np.full(table.menu.shape, 1 / table.menu.shape[1])
    oracle = Prediction(probability, bill_mean=knows, ranks_by_bill=True)
    opposite = Prediction(probability, bill_mean=-knows, ranks_by_bill=True)
    assert greedy_weights([oracle, opposite], table, 10) == [1.0, 0.0]


@given(arrays.arrays(np.float64, (2, 3), elements=st.floats(0.01, 1)), st.floats(0, 1))
def test_a_blend_is_between_its_members_and_has_their_common_fields(
    shares: np.ndarray, weight: float
) -> None:
    one = replace(prediction_of(shares), bill_mean=shares * 10, bill_p10=shares, ranks_by_bill=True)
    other = replace(prediction_of(shares[::-1]), bill_mean=shares[::-1] * 10)
    blend = blended([one, other], [weight, 1 - weight])
    assert blend.bill_p10 is None
    assert not blend.ranks_by_bill
    assert blend.bill_mean is not None
    both = np.stack([one.bill_mean, other.bill_mean])
    assert (blend.bill_mean >= both.min(axis=0) - 1e-9).all()
    assert (blend.bill_mean <= both.max(axis=0) + 1e-9).all()
    np.testing.assert_allclose(blend.probability.sum(axis=1), 1.0)


@pytest.mark.parametrize("model", ["lgbm", "hist_boosting"])
def test_rounds_are_few_for_noise_and_many_for_signal(model: str, table: DecisionTable) -> None:
    assert table.y is not None
    rounds = {"lgbm": "n_estimators", "hist_boosting": "max_iter"}[model]
    config = config_of(f"model={model}", "model.stop_early=true", f"model.{rounds}=50", "features=usage")
    noise = replace(table, y=np.random.default_rng(0).permutation(table.y))
    # One column decides the label.
    plain = replace(table, y=(table.X["data_mib.1"] > np.median(table.X["data_mib.1"])).astype(np.int64))
    of_noise, of_plain = (stopped_early(config, config.model, rows) for rows in (noise, plain))
    assert isinstance(of_noise, RoundsModel)
    assert isinstance(of_plain, RoundsModel)
    assert of_noise.most_rounds < 25 < of_plain.most_rounds
    assert stopped_early(config, config.model, table.take(np.arange(1))) == config.model


def test_a_stage_is_the_prediction_of_a_model_with_as_many_rounds(table: DecisionTable) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 4)), rng.integers(0, 3, 200)
    for name in ("lgbm", "hist_boosting"):
        model = composed(f"model={name}").model
        assert isinstance(model, RoundsModel)
        all_rounds = model.build(0, None).fit(X, y)
        stages = list(all_rounds.staged(X, np.array([3, 10])))
        for number, stage in zip((3, 10), stages, strict=True):
            alone = model.with_rounds(number).build(0, None).fit(X, y)
            np.testing.assert_array_equal(stage, alone.predict_proba(X))


def test_corrected_bills_are_nearer_to_the_truth_than_re_rated() -> None:
    config = config_of("model=lgbm_bills", "data.n_subscribers=600")
    table = load_decisions(config).table
    assert table.future_bills is not None
    learned, judged = table.take(np.arange(0, len(table), 2)), table.take(np.arange(1, len(table), 2))
    recommender = fitted_recommender(config, config.model, learned, table, 1)
    came = judged.future_bills / (table.minor_units * table.horizon)
    bills = recommender.predict(judged).bill_mean
    catalogue = config.catalogue.open()
    assert catalogue is not None
    assert bills is not None
    past = PastUsage(judged.X, catalogue).expected_bill
    assert ((bills - came) ** 2).mean() < 0.9 * ((past - came) ** 2).mean()
    fees = [float(plan.fee.recurring) for plan in catalogue.plans]
    assert (bills >= fees).all()


def test_contributions_to_a_bill_add_up_to_its_correction(table: DecisionTable) -> None:
    config = config_of("model=lgbm_bills", "model.n_estimators=9")
    recommender = fitted_recommender(config, config.model, table, table, 1)
    catalogue = config.catalogue.open()
    assert catalogue is not None
    features, correction = recommender.pipeline[0], recommender.pipeline[-1]
    X = features.transform(model_input(config.features, config.model, table))
    contributions = correction.contributions(X)
    assert contributions.shape == (len(table), len(table.plans), X.shape[1] + 1)
    past = past_bills(table, PastUsage(table.X, catalogue))
    fees = [float(plan.fee.recurring) for plan in catalogue.plans]
    expected = np.maximum(past.mean + contributions.sum(axis=2), fees)
    np.testing.assert_allclose(correction.correct_bills(X, past)["bill_mean"], expected, rtol=0, atol=1e-9)


def test_a_model_without_choices_has_none(table: DecisionTable) -> None:
    config = config_of("model=lgbm")
    assert choices_of(config, fitted_recommender(config, config.model, table, table, 1), "lgbm", 0) == []


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("model=lgbm_bills", "calibration=temperature"), "calibration=none"),
        (("model=ensemble", "calibration=isotonic"), "calibration=none"),
        (("model=lgbm_bills", "target=held", "catalogue=ladder"), "target=best_bill"),
        (("policy=guarded", "policy.harm_at_most=1.5"), "harm_at_most"),
    ],
)
def test_misfits_are_reported_with_their_remedies(overrides: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=r".") as error:
        composed(*overrides)
    assert said in str(error.value.problems) + str(error.value)


def test_a_limit_of_harm_lowers_the_harm_rate_of_a_run() -> None:
    plain, limited = (
        {value.metric: value.value for value in run(config).metrics if value.model == "rerate"}
        for config in (
            config_of("model=rerate_6", "policy.absolute=0", "policy.relative=0", "metrics=[harm_rate]"),
            config_of("model=rerate_6", "policy=guarded", "policy.harm_at_most=0.1", "metrics=[harm_rate]"),
        )
    )
    assert limited["harm_rate"] < plain["harm_rate"]
