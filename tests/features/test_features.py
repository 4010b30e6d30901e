"""Feature sets: properties of every option in conf/features, then the values of each one."""

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import skops.io
import yaml
from hypothesis import HealthCheck, given, settings
from pydantic import TypeAdapter, ValidationError
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from planrec.catalogue import Catalogue, rate
from planrec.config.compose import compose
from planrec.contracts import FeatureSet
from planrec.errors import ConfigError, DataError
from planrec.features import TRUSTED_TYPES, FeaturesConfig
from planrec.features.bills import BillsFeatures, BillsTransformer
from planrec.features.lag_input import BLOCK_ROWS
from planrec.features.table import ENCODINGS, TableTransformer
from planrec.features.usage import UsageTransformer
from planrec.features.usage_and_bills import UsageAndBillsTransformer
from planrec.schema.columns import HELD, Columns, Usage, frame_of, lag, take_rows
from planrec.testing.strategies import billable_columns, table_columns, usage_columns

CONF = Path(__file__).parents[2] / "conf"


def option_of(path: Path) -> FeatureSet:
    return TypeAdapter(FeaturesConfig).validate_python(yaml.safe_load(path.read_text("utf-8")))


def catalogue_of(name: str) -> Catalogue:
    return Catalogue.model_validate(yaml.safe_load((CONF / "catalogue" / f"{name}.yaml").read_text("utf-8")))


LONGEST_WINDOW_OF_BILLS = 6
CATALOGUES = {name: catalogue_of(name) for name in ("ladder", "megaline_us")}


@dataclass(frozen=True)
class Case:
    """An option of conf/features, in one of the forms that a run uses."""

    stem: str
    encoding: str | None = None
    catalogue: str | None = None
    saving_against_held: bool = False

    def __str__(self) -> str:
        held = "held" if self.saving_against_held else None
        return "-".join(filter(None, [self.stem, self.encoding, self.catalogue, held]))

    def option(self) -> FeatureSet:
        option = option_of(CONF / "features" / f"{self.stem}.yaml")
        return option.model_copy(update={"saving_against_held": True}) if self.saving_against_held else option

    def build(self) -> BaseEstimator:
        transformer = self.option().build(CATALOGUES[self.catalogue] if self.catalogue else None)
        return transformer.set_params(encoding=self.encoding) if self.encoding else transformer

    def tables(self, **sizes: Any) -> st.SearchStrategy[Columns]:
        """Return a strategy for legal tables that this feature set can read."""
        if self.catalogue:
            n_plans = len(CATALOGUES[self.catalogue].plans)
            held_among = n_plans if self.option().reads_held else 0
            return billable_columns(**({"max_rows": 6, "held_among": held_among} | sizes))
        if self.option().needs_usage:
            return usage_columns(**sizes)
        return table_columns(**sizes) | usage_columns(**sizes)

    def reads(self, column: str) -> bool:
        """Return whether a column is read; bills alone do not read months before their longest window."""
        only_bills = self.stem == "bills" or (self.catalogue and column.startswith("voice_minutes_billed."))
        return not only_bills or column == HELD or int(column.split(".")[1]) <= LONGEST_WINDOW_OF_BILLS


def cases() -> Iterator[Case]:
    for path in sorted((CONF / "features").glob("*.yaml")):
        option = option_of(path)
        if option.needs_catalogue:
            yield from (Case(path.stem, catalogue=catalogue) for catalogue in CATALOGUES)
            continue
        has_encoding = "encoding" in option.build(catalogue=None).get_params()
        for encoding in ENCODINGS if has_encoding else [None]:
            yield Case(path.stem, encoding)
    yield Case("bills", catalogue="ladder", saving_against_held=True)


CASES = list(cases())


def every_feature_set(test: Callable[..., None]) -> Callable[..., None]:
    """Run a property over every option of conf/features, with `data` to draw tables from."""
    # A table of many lag columns is one large draw, not a sign of a wrong filter.
    calm = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    return pytest.mark.parametrize("case", CASES, ids=str)(given(data=st.data())(calm(test)))


def n_rows(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def fitted_on_some_rows(case: Case, data: st.DataObject, **sizes: Any) -> tuple[BaseEstimator, Columns]:
    """Fit on the first rows only, so that later rows have unseen texts; return it with the whole table."""
    table = data.draw(case.tables(**sizes))
    seen = data.draw(st.integers(1, n_rows(table)))
    return case.build().fit(take_rows(table, np.arange(seen))), table


def assert_same_bits(left: np.ndarray, right: np.ndarray) -> None:
    """Check equality to the last bit: 0.0 and -0.0 differ, NaN equals NaN."""
    assert left.shape == right.shape
    missing = np.isnan(left)
    np.testing.assert_array_equal(missing, np.isnan(right))
    assert left[~missing].tobytes() == right[~missing].tobytes()


def has_missing(columns: Columns) -> np.ndarray:
    """Return whether a row has a missing input, shape (n,)."""
    blanks = [
        np.array([value is None for value in array]) if array.dtype == object else np.isnan(array)
        for array in columns.values()
    ]
    return np.any(blanks, axis=0)


def plain_params(transformer: BaseEstimator) -> dict[str, Any]:
    """Return the parameters of a transformer and of inner ones; estimators are replaced by their class."""
    return {
        name: type(value) if hasattr(value, "get_params") else value
        for name, value in transformer.get_params().items()
    }


@every_feature_set
def test_the_matrix_is_c_contiguous_float64_with_one_name_per_column(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    matrix = transformer.transform(table)
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous
    assert matrix.shape == (n_rows(table), len(transformer.get_feature_names_out()))


@every_feature_set
def test_a_row_has_the_same_bits_as_in_a_batch(case, data):
    transformer, table = fitted_on_some_rows(case, data, min_rows=2)
    row = data.draw(st.integers(0, n_rows(table) - 1))
    alone = transformer.transform(take_rows(table, np.array([row])))
    assert_same_bits(alone, transformer.transform(table)[[row]])


@every_feature_set
def test_a_row_has_the_same_bits_as_in_a_batch_of_many_blocks(case, data):
    transformer, table = fitted_on_some_rows(case, data, max_rows=3)
    rows = np.arange(2 * BLOCK_ROWS + 3) % n_rows(table)
    assert_same_bits(transformer.transform(take_rows(table, rows)), transformer.transform(table)[rows])


@every_feature_set
def test_rows_do_not_depend_on_their_order_or_on_the_other_rows(case, data):
    transformer, table = fitted_on_some_rows(case, data, min_rows=2)
    chosen = data.draw(st.lists(st.integers(0, n_rows(table) - 1), min_size=1, unique=True))
    for rows in (np.array(chosen), np.arange(n_rows(table))[::-1]):
        assert_same_bits(transformer.transform(take_rows(table, rows)), transformer.transform(table)[rows])


@every_feature_set
def test_features_are_finite_or_nan_if_an_input_is_missing(case, data):
    transformer, table = fitted_on_some_rows(case, data, missing=data.draw(st.booleans()))
    matrix = transformer.transform(table)
    assert not np.isinf(matrix).any()
    assert not np.isnan(matrix[~has_missing(table)]).any()


@every_feature_set
def test_fit_and_transform_do_not_change_the_table(case, data):
    table = data.draw(case.tables())
    before = pickle.dumps(table)
    writeable = {name: array.copy() for name, array in table.items()}
    case.build().fit(writeable).transform(writeable)
    assert pickle.dumps(writeable) == before


@every_feature_set
def test_names_are_distinct_and_stable(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    names = transformer.get_feature_names_out().tolist()
    assert len(set(names)) == len(names)
    assert {type(name) for name in names} <= {str}
    transformer.transform(table)
    assert transformer.get_feature_names_out().tolist() == names
    twice = case.build().fit(table).fit(table)
    assert twice.get_feature_names_out().tolist() == case.build().fit(table).get_feature_names_out().tolist()


@every_feature_set
def test_pickle_and_skops_give_back_the_same_transformer(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    through_skops = skops.io.loads(skops.io.dumps(transformer), trusted=TRUSTED_TYPES)
    for copy in (pickle.loads(pickle.dumps(transformer)), through_skops):
        assert_same_bits(copy.transform(table), transformer.transform(table))
        assert copy.get_feature_names_out().tolist() == transformer.get_feature_names_out().tolist()


@every_feature_set
def test_a_clone_is_unfitted_and_learns_the_same(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    copy = clone(transformer)
    assert plain_params(copy) == plain_params(transformer)
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert_same_bits(copy.fit(table).transform(table), case.build().fit_transform(table))


@every_feature_set
def test_a_dataframe_gives_the_same_features_as_columns(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    assert_same_bits(transformer.transform(frame_of(table)), transformer.transform(table))
    through_frame = case.build().fit(frame_of(table))
    assert_same_bits(through_frame.transform(table), case.build().fit_transform(table))


@every_feature_set
def test_column_order_and_unknown_columns_do_not_matter(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    other = {"held": np.zeros(n_rows(table))} | dict(reversed(table.items()))
    assert_same_bits(transformer.transform(other), transformer.transform(table))


@every_feature_set
def test_no_rows_give_no_rows(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    nothing = take_rows(table, np.array([], dtype=np.int64))
    assert transformer.transform(nothing).shape == (0, len(transformer.get_feature_names_out()))


@every_feature_set
def test_every_missing_column_is_named(case, data):
    transformer, table = fitted_on_some_rows(case, data)
    with pytest.raises(DataError) as caught:
        transformer.transform({"something else": np.zeros(1)})
    read = set(transformer.feature_names_in_)
    assert read == {name for name in table if case.reads(name)}
    assert len(caught.value.problems) == len(read)
    assert all(any(repr(name) in problem for problem in caught.value.problems) for name in read)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_pipeline_fits_predicts_and_cross_validates(case):
    amounts = np.arange(1.0, 41.0)
    table = {lag(service, month): amounts % (7 + month) for service in Usage.MEASURED for month in (1, 2)}
    table |= {HELD: np.arange(40) % 6.0} if case.saving_against_held else {}
    y = np.arange(40) % 2
    pipeline = make_pipeline(case.build(), GaussianNB(var_smoothing=1e-3)).fit(table, y)
    assert pipeline.predict_proba(table).shape == (40, 2)
    assert clone(pipeline).fit(frame_of(table), y).predict(table).tolist() == pipeline.predict(table).tolist()
    assert len(cross_val_score(pipeline, frame_of(table), y, cv=2, error_score="raise")) == 2


# Checks of scikit-learn

BY_NAME = "columns are found by name: other columns may stand beside and between those seen in fit"


@parametrize_with_checks(
    [TableTransformer(max_categories=3, encoding=encoding) for encoding in ENCODINGS],
    expected_failed_checks=lambda transformer: {"check_dataframe_column_names_consistency": BY_NAME},
)
def test_the_table_transformer_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


NAMED_ONLY = [case.build() for case in CASES if case.stem != "table"]


@pytest.mark.parametrize("transformer", NAMED_ONLY, ids=[str(case) for case in CASES if case.stem != "table"])
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
    ],
    ids=lambda check: check.__name__,
)
def test_usage_transformers_pass_the_checks_for_named_columns(check, transformer):
    check(type(transformer).__name__, transformer)


# features=table


def text(*values: str | None) -> np.ndarray:
    return np.array(values, dtype=object)


def table_transformer(encoding: str, max_categories: int = 2) -> TableTransformer:
    return TableTransformer(max_categories=max_categories, encoding=encoding)


REGIONS = text("south", "north", "south", "east", "north", None)


def test_codes_are_sorted_categories_then_other_and_nan_if_missing():
    transformer = table_transformer("codes").fit({"region": REGIONS})
    codes = transformer.transform({"region": text("north", "south", "east", "never seen", None)})
    np.testing.assert_array_equal(codes[:, 0], [0, 1, 2, 2, np.nan])
    assert transformer.get_feature_names_out().tolist() == ["region"]


def test_one_hot_has_a_column_per_category_and_zeros_for_missing():
    transformer = table_transformer("one_hot").fit({"age": np.arange(6.0), "region": REGIONS})
    assert transformer.get_feature_names_out().tolist() == [
        "age",
        "region=north",
        "region=south",
        "region=<other>",
    ]
    table = {"age": np.array([np.nan, 2, 3]), "region": text("never seen", "south", None)}
    expected = [[np.nan, 0, 0, 1], [2, 0, 1, 0], [3, 0, 0, 0]]
    np.testing.assert_array_equal(transformer.transform(table), expected)


def test_of_equally_frequent_texts_the_first_in_the_alphabet_are_kept():
    transformer = table_transformer("codes").fit({"region": text("d", "c", "b", "a")})
    assert transformer.codes_ == {"region": {"a": 0, "b": 1}}


def test_dates_are_days_since_1970_with_a_fraction():
    dates = np.array(["1970-01-02T12:00:00", "1969-12-31T00:00:00", "NaT"], dtype="datetime64[s]")
    transformer = table_transformer("codes").fit({"joined": dates})
    np.testing.assert_array_equal(transformer.transform({"joined": dates})[:, 0], [1.5, -1.0, np.nan])


def test_numbers_pass_to_the_last_bit():
    extremes = np.array([np.nan, 5e-324, -1.7976931348623157e308, 0.1, -0.0])
    assert_same_bits(table_transformer("one_hot").fit_transform({"x": extremes}), extremes[:, np.newaxis])


def test_another_kind_than_in_fit_is_rejected_with_both_kinds():
    transformer = table_transformer("codes").fit({"age": np.ones(1), "region": text("north")})
    with pytest.raises(DataError) as caught:
        transformer.transform({"age": text("forty"), "region": np.ones(1)})
    assert caught.value.problems == (
        "'age' must be number, as in fit, got text",
        "'region' must be text, as in fit, got number",
    )


BLANKS = {"number": np.full(2, np.nan), "text": text(None, None), "date": np.full(2, "NaT", "datetime64[s]")}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("blank", BLANKS.values(), ids=BLANKS)
def test_a_blank_column_of_any_kind_is_missing(encoding, blank):
    known = {
        "age": np.ones(2),
        "region": text("north", "south"),
        "joined": np.zeros(2, dtype="datetime64[s]"),
    }
    transformer = table_transformer(encoding).fit(known)
    missing = np.nan if encoding == "codes" else [[0.0, 0.0, 0.0]]
    for name, expected in {"age": np.nan, "region": missing, "joined": np.nan}.items():
        matrix = transformer.transform(known | {name: blank})
        names = [out for out in transformer.get_feature_names_out() if out.startswith(name)]
        positions = np.isin(transformer.get_feature_names_out(), names)
        np.testing.assert_array_equal(matrix[:, positions], np.full((2, len(names)), expected))


def test_a_misspelt_column_is_reported_with_a_suggestion():
    transformer = table_transformer("codes").fit({"region": REGIONS})
    with pytest.raises(DataError, match=r"'region' is missing \(did you mean 'regoin'\?\)"):
        transformer.transform({"regoin": REGIONS})


def test_a_column_named_like_a_category_gets_a_distinct_name():
    table = {"a=b": np.zeros(1), "a": text("b")}
    names = table_transformer("one_hot").fit(table).get_feature_names_out().tolist()
    assert names == ["a=b", "a=b'", "a=<other>"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "at least one column"),
        ({"a": np.array(["x"])}, "'a' is <U1"),
        ({"a": np.array([1j])}, "'a' is complex128"),
    ],
)
def test_columns_that_cannot_become_numbers_are_rejected_in_fit(table, message):
    with pytest.raises(DataError, match=message):
        table_transformer("codes").fit(table)


def test_an_unknown_encoding_is_rejected():
    with pytest.raises(ValueError, match="must be one of one_hot, codes, got 'onehot'"):
        table_transformer("onehot").fit({"a": np.zeros(1)})


def test_an_unnamed_array_has_columns_x0_and_so_on():
    transformer = table_transformer("codes").fit(np.array([[1.0, np.nan]]))
    assert transformer.get_feature_names_out().tolist() == ["x0", "x1"]
    np.testing.assert_array_equal(transformer.transform([[np.nan, 2]]), [[np.nan, 2]])
    np.testing.assert_array_equal(transformer.transform({"x1": np.ones(1), "x0": np.zeros(1)}), [[0, 1]])


# features=usage


def usage_features(table: Columns) -> dict[str, np.ndarray]:
    transformer = UsageTransformer().fit(table)
    return dict(zip(transformer.get_feature_names_out(), transformer.transform(table).T, strict=True))


def lags(service: str, *months: float) -> Columns:
    """Build the months of one subscriber, the last complete one first."""
    return {lag(service, ago): np.array([usage]) for ago, usage in enumerate(months, start=1)}


@given(usage_columns(window=4, services=[Usage.SMS]))
def test_statistics_of_a_service_are_those_of_its_known_months(table):
    features = usage_features(table)
    for row, months in enumerate(np.array(list(table.values())).T):
        known = ~np.isnan(months)
        if not known.any():
            assert all(np.isnan(features[f"sms_{name}"][row]) for name in ("mean", "peak", "trend", "sd"))
            continue
        usage, time = months[known], -np.arange(1, 5)[known]
        slope = np.cov(time, usage, bias=True)[0, 1] / max(np.var(time), 1e-9)
        expected = {
            "sms_last": months[0],
            "sms_mean": np.mean(usage),
            "sms_peak": np.max(usage),
            "sms_log_mean": np.log1p(np.mean(usage)),
            "sms_trend": slope,
            "sms_sd": np.std(usage),
            "months_known": known.sum(),
        }
        assert {name: values[row] for name, values in features.items()} == pytest.approx(
            expected, rel=1e-9, abs=1e-6, nan_ok=True
        )


# Inexact sums and zeros of both signs: over the months of one row, numpy's sum and maximum can differ in a
# bit from those of a batch.
TRAPS = {
    "inexact": lambda shape: np.random.default_rng(0).gamma(2.0, 100.0, shape),
    "signed zeros": lambda shape: np.random.default_rng(0).choice([0.0, -0.0], shape, p=[0.1, 0.9]),
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
@pytest.mark.parametrize("window", [2, 6, 9, 24])
@pytest.mark.parametrize("services", [(Usage.SMS,), Usage.MEASURED], ids=len)
def test_many_months_are_summed_in_one_order(window, services, trap):
    amounts = trap((window, len(services), 60))
    table = {lag(s, w + 1): amounts[w, p] for w in range(window) for p, s in enumerate(services)}
    transformer = UsageTransformer().fit(table)
    alone = [transformer.transform(take_rows(table, np.array([row]))) for row in range(60)]
    assert_same_bits(np.concatenate(alone), transformer.transform(table))


def test_names_match_their_values_with_several_services():
    features = usage_features(lags(Usage.DATA_MIB, 300, 100) | lags(Usage.SMS, 3, 1))
    expected = {"sms_last": 3, "data_mib_last": 300, "sms_mean": 2, "data_mib_mean": 200, "sms_peak": 3}
    expected |= {"data_mib_peak": 300, "sms_trend": 2, "data_mib_trend": 200, "sms_sd": 1, "data_mib_sd": 100}
    assert {name: features[name].item() for name in expected} == pytest.approx(expected)


def test_usage_that_grows_by_ten_a_month_has_a_trend_of_ten():
    features = usage_features(lags(Usage.DATA_MIB, 140, 130, 120, np.nan))
    assert features["data_mib_trend"] == pytest.approx(10)
    assert features["data_mib_mean"] == pytest.approx(390 / 3)
    assert features["data_mib_sd"] == pytest.approx(np.sqrt(200 / 3))
    assert features["months_known"] == 3


def test_one_known_month_has_no_trend_and_no_variability():
    features = usage_features(lags(Usage.DATA_MIB, 140, np.nan))
    assert features["data_mib_trend"] == features["data_mib_sd"] == 0


def test_without_a_known_month_features_are_nan():
    features = usage_features(lags(Usage.SMS, np.nan, np.nan) | lags(Usage.DATA_MIB, np.nan, np.nan))
    assert features.pop("months_known") == 0
    assert all(np.isnan(values).all() for values in features.values())


def test_silent_months_are_zeros_not_missing():
    features = usage_features({k: v for s in Usage.MEASURED for k, v in lags(s, 0, 0).items()})
    assert features.pop("months_known") == 2
    assert all((values == 0).all() for values in features.values())


def test_minutes_per_call_count_at_least_one_call():
    months = lags(Usage.VOICE_MINUTES, 90, 30) | lags(Usage.VOICE_CALLS, 20, 10)
    assert usage_features(months)["minutes_per_call"] == 60 / 15
    months = lags(Usage.VOICE_MINUTES, 90, 30) | lags(Usage.VOICE_CALLS, 0, 0)
    assert usage_features(months)["minutes_per_call"] == 60


def test_shares_divide_the_logs_of_usage_and_sum_to_one():
    features = usage_features(lags(Usage.SMS, np.e - 1) | lags(Usage.DATA_MIB, np.e**3 - 1))
    assert features["sms_share"] == pytest.approx(1 / 4)
    assert features["data_mib_share"] == pytest.approx(3 / 4)


def test_one_month_gives_no_constant_or_repeated_feature():
    months = {k: v for s in Usage.MEASURED for k, v in lags(s, 3.0).items()}
    assert usage_features(months).keys() == {
        *(f"{service}_{name}" for service in Usage.MEASURED for name in ("last", "log_mean", "share")),
        "minutes_per_call",
    }
    assert usage_features(lags(Usage.SMS, 3.0)).keys() == {"sms_last", "sms_log_mean"}


def test_six_months_of_all_services_give_thirty_features():
    months = {k: v for s in Usage.MEASURED for k, v in lags(s, *range(6)).items()}
    assert len(usage_features(months)) == 4 * 6 + 4 + 1 + 1


def test_only_lags_of_measured_services_are_read():
    table = lags(Usage.SMS, 1, 2)
    others = lags(Usage.VOICE_MINUTES_BILLED, 1, 2, 3) | {
        "held": np.ones(1),
        "sms": np.ones(1),
        "sms.0": np.ones(1),
        "sms.x": np.ones(1),
    }
    assert usage_features(table | others) == usage_features(table)


def test_a_table_without_usage_is_rejected_with_an_example():
    with pytest.raises(DataError, match=r"lag columns such as 'data_mib\.1', got 'age'"):
        UsageTransformer().fit({"age": np.ones(1)})


def test_services_with_different_months_are_rejected():
    with pytest.raises(DataError) as caught:
        UsageTransformer().fit(lags(Usage.SMS, 1, 2, 3) | {lag(Usage.DATA_MIB, 2): np.ones(1)})
    assert [problem.split(" is missing")[0] for problem in caught.value.problems] == [
        "'data_mib.1'",
        "'data_mib.3'",
    ]


def test_usage_as_text_is_rejected_but_blank_is_missing():
    transformer = UsageTransformer().fit(lags(Usage.SMS, 1, 2))
    with pytest.raises(DataError, match=r"'sms\.2' must be number, as in fit, got text"):
        transformer.transform(lags(Usage.SMS, 1) | {"sms.2": text("many")})
    for blank in (text(None), np.array(["NaT"], "datetime64[s]")):
        assert_same_bits(
            transformer.transform(lags(Usage.SMS, 1) | {"sms.2": blank}),
            transformer.transform(lags(Usage.SMS, 1, np.nan)),
        )


def test_an_unnamed_array_of_usage_is_rejected():
    with pytest.raises(DataError, match="named columns, a dict of arrays or a DataFrame, got ndarray"):
        UsageTransformer().fit(np.ones((2, 2)))


def test_text_reaches_a_linear_model_through_one_hot():
    regions = text(*["north", "south", None, "east"] * 5)
    pipeline = make_pipeline(table_transformer("one_hot"), LogisticRegression()).fit(
        {"region": regions}, np.arange(20) % 2
    )
    assert pipeline.predict({"region": text("never seen")}).shape == (1,)


# features=bills


def bills_transformer(
    catalogue: Catalogue = CATALOGUES["megaline_us"], windows: tuple[int, ...] = (1, 3, 6), held: bool = False
) -> BillsTransformer:
    return BillsFeatures(kind="bills", windows=windows, saving_against_held=held).build(catalogue)


def bill_features(table: Columns, transformer: BillsTransformer | None = None) -> dict[str, np.ndarray]:
    fitted = (transformer or bills_transformer()).fit(table)
    return dict(zip(fitted.get_feature_names_out(), fitted.transform(table).T, strict=True))


def months(*usage: tuple[float, float, float], n: int = 1) -> Columns:
    """Build lag columns of n equal subscribers from (billed minutes, SMS, GiB), the last month first."""
    billed, sms, gib = np.array(usage, dtype=float).T
    by_service = {
        Usage.VOICE_CALLS: billed,
        Usage.VOICE_MINUTES: billed,
        Usage.VOICE_MINUTES_BILLED: billed,
        Usage.SMS: sms,
        Usage.DATA_MIB: gib * 1024,
    }
    return {
        k: np.repeat(v, n) for name, amounts in by_service.items() for k, v in lags(name, *amounts).items()
    }


SURF_FEE, ULTIMATE_FEE = 20, 70
TEN_MINUTES_OVER, TWO_GIB_OVER = 10 * 0.03, 2 * 10


def test_bills_of_three_months_on_surf_and_ultimate():
    features = bill_features(months((510, 0, 1), (0, 0, 16.5), (0, 0, 0)))
    on_surf = [SURF_FEE + TEN_MINUTES_OVER, SURF_FEE + TWO_GIB_OVER, SURF_FEE]
    expected = {
        "bill_mean_1@surf": on_surf[0],
        "bill_mean_3@surf": np.mean(on_surf),
        "bill_mean_1@ultimate": ULTIMATE_FEE,
        "bill_gap_3@surf": 0,
        "bill_gap_3@ultimate": ULTIMATE_FEE - np.mean(on_surf),
        "cheapest_3": 0,
        "bill_sd@surf": np.std(on_surf),
        "bill_p90@surf": np.quantile(on_surf, 0.9),
        "voice_minutes_billed_over_500": 1 / 3,
        "voice_minutes_billed_over_3000": 0,
        "data_mib_over_15360": 1 / 3,
        "voice_minutes_billed_used_500": 510 / 3 / 500,
        "data_mib_used_15360": 17.5 / 3 / 15,
        "sms_used_50": 0,
    }
    assert {name: features[name].item() for name in expected} == pytest.approx(expected)


def rated_month_by_month(table: Columns, row: int, catalogue: Catalogue, window: int) -> np.ndarray:
    """Rate the known months of one subscriber, shape (known months, J); a month with a gap is unknown."""
    services = [name for name in Usage.ALL if lag(name, 1) in table]
    bills = []
    for ago in range(1, window + 1):
        month = {name: table[lag(name, ago)][[row]] for name in services}
        if not any(np.isnan(amount).any() for amount in month.values()):
            bills.append(rate(month, catalogue)[0] / 10**catalogue.exponent)
    return np.array(bills).reshape(-1, len(catalogue.plans))


@settings(max_examples=40)
@given(billable_columns(window=4, max_rows=4), st.sampled_from(sorted(CATALOGUES)))
def test_statistics_equal_those_of_separately_rated_months(table, name):
    catalogue = CATALOGUES[name]
    features = bill_features(table, bills_transformer(catalogue, windows=(2, 4)))
    for row in range(n_rows(table)):
        recent, bills = (rated_month_by_month(table, row, catalogue, window) for window in (2, 4))
        expected: dict[str, float] = {}
        for position, plan in enumerate(catalogue.plan_ids):
            for window, known in ((2, recent), (4, bills)):
                mean = known.mean(axis=0) if len(known) else np.full(len(catalogue.plans), np.nan)
                expected[f"bill_mean_{window}@{plan}"] = mean[position]
                expected[f"bill_gap_{window}@{plan}"] = mean[position] - mean.min()
            on_plan = bills[:, position]
            expected[f"bill_sd@{plan}"] = np.std(on_plan) if len(bills) else np.nan
            expected[f"bill_p90@{plan}"] = np.quantile(on_plan, 0.9) if len(bills) else np.nan
        found = {name: features[name][row] for name in expected.keys() & features.keys()}
        assert set(found) >= {
            f"{part}@{catalogue.plan_ids[0]}" for part in ("bill_mean_2", "bill_sd", "bill_p90")
        }
        # Differences of sums of huge bills are compared on the scale of the bills.
        scale = bills.max(initial=1.0)
        assert found == pytest.approx(
            {k: expected[k] for k in found}, rel=1e-9, abs=1e-9 * scale, nan_ok=True
        )


def test_the_cheapest_plan_is_the_first_of_equals():
    features = bill_features(months((0, 0, 21), (0, 0, 1), (0, 0, 1)))
    assert (features["cheapest_1"], features["cheapest_3"]) == (1, 0)
    surf = CATALOGUES["megaline_us"].plans[0]
    twice = CATALOGUES["megaline_us"].model_copy(
        update={"plans": (surf, surf.model_copy(update={"id": "copy"}))}
    )
    features = bill_features(months((600, 0, 30)), bills_transformer(twice))
    assert features["cheapest_1"] == 0


def test_plans_with_the_same_allowance_share_its_columns():
    surf, ultimate = CATALOGUES["megaline_us"].plans
    plans = (surf, surf.model_copy(update={"id": "copy"}), ultimate)
    three = CATALOGUES["megaline_us"].model_copy(update={"plans": plans})
    names = set(bill_features(months((1, 1, 1)), bills_transformer(three)))
    two = set(bill_features(months((1, 1, 1))))
    assert names - two == {"bill_mean_1@copy", "bill_gap_1@copy"}
    assert two <= names


def test_an_unlimited_plan_has_a_gap_and_no_constant_feature():
    names = list(bill_features(months((1, 1, 1), (1, 1, 1)), bills_transformer(CATALOGUES["ladder"])))
    assert [name for name in names if "unlimited" in name] == ["bill_gap_1@unlimited", "bill_gap_2@unlimited"]


def test_a_catalogue_of_unlimited_plans_has_gaps_only():
    unlimited = CATALOGUES["ladder"].plan("unlimited")
    only = CATALOGUES["ladder"].model_copy(update={"plans": (unlimited,)})
    features = bill_features(months((1, 1, 1), (1, 1, 1)), bills_transformer(only, windows=(2,)))
    assert features == {"bill_gap_2@unlimited": 0, "cheapest_2": 0}


def test_an_allowance_of_zero_can_only_be_exceeded():
    content = json.loads(CATALOGUES["megaline_us"].model_dump_json(by_alias=True))
    content["plans"][0]["services"]["sms"]["included"] = 0
    features = bill_features(
        months((0, 1, 0), (0, 0, 0)), bills_transformer(Catalogue.model_validate(content))
    )
    assert features["sms_over_0"] == 1 / 2
    assert "sms_used_0" not in features


def test_windows_are_cut_at_the_length_of_the_history():
    names = bill_features(months((1, 1, 1), (1, 1, 1))).keys()
    assert {name for name in names if name.startswith("cheapest")} == {"cheapest_1", "cheapest_2"}


def test_one_month_has_no_spread_and_a_fixed_feature_order():
    assert list(bill_features(months((1, 1, 1)))) == [
        *("bill_mean_1@surf", "bill_mean_1@ultimate", "bill_gap_1@surf", "bill_gap_1@ultimate", "cheapest_1"),
        *("data_mib_over_15360", "data_mib_over_30720", "sms_over_50", "sms_over_1000"),
        *("voice_minutes_billed_over_500", "voice_minutes_billed_over_3000"),
        *("data_mib_used_15360", "data_mib_used_30720", "sms_used_50", "sms_used_1000"),
        *("voice_minutes_billed_used_500", "voice_minutes_billed_used_3000"),
    ]


def test_bills_without_a_known_month_are_nan():
    table = months((1, 1, 1), (1, 1, 1)) | {HELD: np.zeros(1)}
    unknown = {name: np.full(1, np.nan) for name in table} | {HELD: np.zeros(1)}
    matrix = bills_transformer(held=True).fit(table).transform(unknown)
    assert np.isnan(matrix).all()


def test_months_before_the_longest_window_are_not_read():
    assert bill_features(months((1, 1, 1), (900, 900, 90)), bills_transformer(windows=(1,))) == bill_features(
        months((1, 1, 1)), bills_transformer(windows=(1,))
    )


def test_a_month_in_which_one_service_is_missing_is_unknown():
    table = months((510, 0, 1), (0, 0, 16.5))
    features = bill_features(table | {lag(Usage.SMS, 2): np.array([np.nan])})
    assert features["bill_mean_2@surf"] == features["bill_mean_1@surf"]
    assert features["bill_sd@surf"] == 0


def test_without_billed_minutes_bills_are_estimated_from_calls():
    table = months((499, 0, 1))
    exact = bill_features(table)
    del table[lag(Usage.VOICE_MINUTES_BILLED, 1)]
    estimated = bill_features(table)
    assert exact["bill_mean_1@surf"] == SURF_FEE
    assert estimated["bill_mean_1@surf"] > SURF_FEE
    assert estimated["voice_minutes_used_500"] == 499 / 500


def test_ladder_features_stay_below_ninety():
    table = months(*[(1, 1, 1)] * 6) | {HELD: np.zeros(1)}
    assert len(bill_features(table, bills_transformer(CATALOGUES["ladder"]))) == 76
    assert len(bill_features(table, bills_transformer(CATALOGUES["ladder"], held=True))) == 76 + 1 + 6


def test_savings_compare_every_plan_with_the_plan_held():
    table = months((0, 0, 1), n=3) | {HELD: np.array([0, 1, np.nan])}
    features = bill_features(table, bills_transformer(held=True))
    saving = ULTIMATE_FEE - SURF_FEE
    np.testing.assert_array_equal(features["held_bill"], [SURF_FEE, ULTIMATE_FEE, np.nan])
    np.testing.assert_array_equal(features["saving@surf"], [0, saving, np.nan])
    np.testing.assert_array_equal(features["saving@ultimate"], [-saving, 0, np.nan])
    assert not np.isnan(features["bill_gap_1@surf"]).any()


def test_savings_without_a_plan_held_are_rejected_with_a_remedy():
    with pytest.raises(DataError, match=r"saving_against_held needs the plan held.*type target=best_bill"):
        bills_transformer(held=True).fit(months((0, 0, 1)))


def test_bills_without_a_service_or_usage_are_rejected():
    table = months((0, 0, 1))
    del table[lag(Usage.SMS, 1)]
    with pytest.raises(DataError, match=r"'sms\.1' is missing"):
        bills_transformer().fit(table)
    with pytest.raises(DataError, match=r"features=bills needs lag columns such as 'data_mib\.1', got 'age'"):
        bills_transformer().fit({"age": np.ones(1)})


def test_usage_that_cannot_be_rated_is_rejected():
    transformer = bills_transformer().fit(months((0, 0, 1)))
    with pytest.raises(DataError, match="must be finite and between 0"):
        transformer.transform(months((0, -1, 1)))


def test_bills_without_a_catalogue_are_rejected_with_a_remedy():
    with pytest.raises(ConfigError, match="type catalogue=ladder"):
        BillsFeatures(kind="bills", windows=(1,), saving_against_held=False).build(None)


@pytest.mark.parametrize("windows", [(), (0,), (3, 1), (3, 3)])
def test_windows_must_be_increasing_numbers_of_months(windows):
    with pytest.raises(ValidationError):
        BillsFeatures(kind="bills", windows=windows, saving_against_held=False)


@pytest.mark.parametrize("window", [2, 6, 24])
def test_many_bills_are_summed_in_one_order(window):
    rng = np.random.default_rng(0)
    table = {lag(name, ago): rng.gamma(2, 300, 60) for name in Usage.ALL for ago in range(1, window + 1)}
    transformer = bills_transformer(CATALOGUES["ladder"], windows=(1, window)).fit(table)
    alone = [transformer.transform(take_rows(table, np.array([row]))) for row in range(60)]
    assert_same_bits(np.concatenate(alone), transformer.transform(table))


def test_a_saved_transformer_holds_only_its_own_class():
    transformer = bills_transformer(held=True).fit(months((0, 0, 1)) | {HELD: np.zeros(1)})
    untrusted = skops.io.get_untrusted_types(data=skops.io.dumps(transformer))
    assert untrusted == ["planrec.features.bills.BillsTransformer"]


# features=usage_and_bills


def test_usage_and_bills_are_side_by_side():
    table = months((510, 60, 1), (0, 0, 16.5))
    both = UsageAndBillsTransformer(usage=UsageTransformer(), bills=bills_transformer()).fit(table)
    features = dict(zip(both.get_feature_names_out(), both.transform(table).T, strict=True))
    assert features == usage_features(table) | bill_features(table)


def test_usage_and_bills_holds_the_defaults_of_usage_and_of_bills():
    both = option_of(CONF / "features" / "usage_and_bills.yaml").model_dump()
    for part in ("usage", "bills"):
        assert both[part] == option_of(CONF / "features" / f"{part}.yaml").model_dump()


def test_each_part_of_usage_and_bills_can_be_overridden():
    config = compose(
        "features=usage_and_bills",
        "features.bills.saving_against_held=true",
        "features.bills.windows=[2]",
        "catalogue=ladder",
    )
    assert config.features.reads_held
    assert config.features.bills.windows == (2,)
