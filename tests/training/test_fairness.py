"""Protected columns: never a feature or an input, but compared by group, gated and reweighed."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import yaml
from hypothesis import given
from litestar.testing import TestClient

from api.app import create_app
from planrec.checks.proxy import proxies
from planrec.data.protected import FEWEST, OTHER, UNKNOWN, banded
from planrec.errors import CheckError, ConfigError, DataError
from planrec.metrics import METRICS, MetricValue, check_gates
from planrec.reports.cards.model_card import card_of
from planrec.runs.read import load_run
from planrec.schema.predictions import OutOfFold
from planrec.training.experiment import load_decisions, run
from planrec.training.reweighing import balancing_weights
from tests.conftest import SMALL
from tests.quick_configs import composed
from tests.trained_runs import train_into

ROWS = ("data=table", "data.plan_column=tariff", "data.subscriber_column=who", "cv=grouped", "cv.n_folds=2")
QUICK = ("n_bootstrap=50", "threads=1", "model=logistic")
PROTECT = "+data.protected_columns={age: [30, 60], sex: null, town: null}"


def write_rows(folder: Path, n: int = 600) -> list[str]:
    """Write rows whose usage decides the tariff; age, sex and town are random, some blank or rare."""
    draw = np.random.default_rng(0)
    minutes, age, sex = draw.gamma(2, 100, n), draw.integers(18, 80, n), draw.integers(0, 2, n)
    lines = ["who,minutes,age,sex,town,tariff"]
    for row in range(n):
        town = "" if row % 10 == 0 else ("Vigo", "Lugo")[row % 2] if row % 7 else f"hamlet {row % 9}"
        tariff = "big" if minutes[row] + draw.normal(0, 60) > 200 else "small"
        lines.append(f"{row},{minutes[row]:.2f},{age[row]},{sex[row]},{town},{tariff}")
    (folder / "rows.csv").write_text("\n".join(lines), "utf-8")
    return [*ROWS, *QUICK, f"data.path={folder / 'rows.csv'}"]


def write_months(folder: Path, n: int = 60) -> list[str]:
    lines = ["subscriber,month,plan,voice_calls,voice_minutes,sms,data_mib,age"]
    for who in range(n):
        for month in (1, 2, 3):
            plan = "big" if who % 3 else "small"
            lines.append(f"{who},2030-0{month},{plan},3,{9 + who},0,{100 * who},{20 + who}")
    (folder / "months.csv").write_text("\n".join(lines), "utf-8")
    return ["data=usage_months", f"data.path={folder / 'months.csv'}", "+data.protected_columns.age=[40]"]


def write_events(folder: Path) -> list[str]:
    users = ["user_id,first_name,last_name,age,city,reg_date,plan,churn_date"]
    calls = ["id,user_id,call_date,duration"]
    for who in range(20):
        users.append(f"{who},A,B,{20 + 3 * who},Tulsa,2018-01-01,{('surf', 'ultimate')[who % 2]},")
        calls += [f"{who}_{month},{who},2018-{month:02}-03,{who + 1}" for month in range(1, 13)]
    tables = {
        "users": users,
        "calls": calls,
        "messages": ["id,user_id,message_date", "m,1,2018-05-05"],
        "internet": ["id,user_id,session_date,mb_used", "i,1,2018-05-05,20"],
        "plans": ["plan_name,usd_monthly_pay", "surf,20", "ultimate,70"],
    }
    for name, lines in tables.items():
        (folder / f"megaline_{name}.csv").write_text("\n".join(lines), "utf-8")
    return ["data=megaline_us", f"data.path={folder}"]


WRITERS = {"table": write_rows, "usage_months": write_months, "megaline_us": write_events}


@pytest.mark.parametrize("source", WRITERS)
def test_a_protected_column_is_a_segment_and_no_feature_or_input(source, tmp_path):
    typed = WRITERS[source](tmp_path)
    protect = [PROTECT] if source == "table" else []
    table = load_decisions(composed(*typed, *protect)).table
    assert set(table.segments) == ({"age", "sex", "town"} if source == "table" else {"age"})
    assert all(len(np.unique(groups.astype(str))) > 1 for groups in table.segments.values())
    known = {*table.X, *(given.name for given in table.inputs.columns)}
    assert known.isdisjoint(table.segments)


def test_a_protected_column_may_be_dropped_but_has_no_other_role(tmp_path):
    typed = write_rows(tmp_path)
    both = load_decisions(composed(*typed, PROTECT, "data.drop_columns=[age]")).table
    assert set(both.segments) == {"age", "sex", "town"}
    with pytest.raises(DataError, match=r"'who' can have one role only.*data\.protected_columns\.who"):
        load_decisions(composed(*typed, "+data.protected_columns.who=null"))
    with pytest.raises(DataError, match=r"no column 'agee' \(did you mean 'age'\?\)"):
        load_decisions(composed(*typed, "+data.protected_columns.agee=null"))


def test_without_protected_columns_a_run_has_the_same_columns(tmp_path):
    table = load_decisions(composed(*write_rows(tmp_path))).table
    assert table.segments == {}
    assert {"age", "sex", "town"} <= set(table.X)


def test_the_simulator_has_no_protected_columns():
    with pytest.raises(DataError, match=r"data\.protected_columns must name columns .* got 'age'"):
        load_decisions(composed("+data.protected_columns.age=null"))


def test_numbers_are_banded_and_rare_values_are_one_group(tmp_path):
    loaded = load_decisions(composed(*write_rows(tmp_path), PROTECT)).table
    assert set(loaded.segments["age"]) == {"<30", "30 to <60", "60+"}
    assert set(loaded.segments["sex"]) == {"0", "1"}
    assert set(loaded.segments["town"]) == {"Vigo", "Lugo", OTHER, UNKNOWN}
    assert any(f"'town': 9 values of fewer than {FEWEST} subscribers" in note for note in loaded.notes)


def test_numbers_without_bands_are_cut_at_their_quartiles(tmp_path):
    table = load_decisions(composed(*write_rows(tmp_path), "+data.protected_columns.age=null")).table
    share = np.unique(table.segments["age"].astype(str), return_counts=True)[1] / len(table)
    assert len(share) == 4
    assert share == pytest.approx([0.25] * 4, abs=0.03)


def test_text_cannot_be_cut_into_bands(tmp_path):
    message = r"column 'town' \(data\.protected_columns\) must hold numbers to be cut into bands"
    bands = "+data.protected_columns.town=[3]"
    with pytest.raises(DataError, match=message) as refused:
        load_decisions(composed(*write_rows(tmp_path), bands))
    (advised,) = shlex.split(str(refused.value).rpartition("type ")[2])
    segments = load_decisions(composed(*write_rows(tmp_path), bands, advised)).table.segments
    assert {"Vigo", "Lugo"} <= set(segments["town"])
    with pytest.raises(ConfigError, match="must rise"):
        composed(*write_rows(tmp_path), "+data.protected_columns.age=[60,30]")


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4, unique=True).map(lambda e: tuple(sorted(e))),
    st.lists(st.one_of(st.floats(-1e7, 1e7), st.just(np.nan)), min_size=1, max_size=20),
)
def test_every_number_is_between_the_edges_of_its_band(edges, values):
    names = [f"<{edges[0]:.15g}", *(f"{a:.15g} to <{b:.15g}" for a, b in pairwise(edges))]
    names.append(f"{edges[-1]:.15g}+")
    for number, band in zip(values, banded(np.array(values), edges), strict=True):
        expected = UNKNOWN if np.isnan(number) else names[sum(edge <= number for edge in edges)]
        assert band == expected


@pytest.fixture(scope="module")
def fair_run(tmp_path_factory):
    """Train and save a run with three protected columns."""
    folder = tmp_path_factory.mktemp("fair")
    typed = write_rows(folder)
    return train_into(folder / "2030-01-31" / "12-00-00-abc123", *typed, PROTECT, small=())


def test_the_api_rejects_a_protected_column(fair_run):
    saved = load_run(fair_run)
    assert not {"age", "sex", "town"} & {given.name for given in saved.recommender.inputs.columns}
    with TestClient(create_app(saved)) as client:
        schema = client.get("/run/schema").text
        assert '"minutes"' in schema
        assert not re.search(r'"(age|sex|town)"', schema)
        answer = client.post("/predict", json={"attributes": {"minutes": 100.0, "age": 20.0}})
        assert 400 <= answer.status_code < 500
        assert "age" in answer.text


def test_gaps_equal_a_naive_computation_and_name_the_worst_group(fair_run):
    import pandas as pd

    saved = load_run(fair_run)
    rows = pd.read_parquet(fair_run / "out_of_fold.parquet")
    own = rows[rows["model"] == "logistic"]
    of = {(value.metric, value.group): value for value in saved.manifest.metrics if value.model == "logistic"}
    for column in ("age", "sex", "town"):
        groups = own.groupby(OutOfFold.SEGMENT + column)
        errors = groups.apply(lambda part: (part["recommended"] != part["y"]).mean())
        large = errors[groups.size() >= 100]
        for group, error in errors.items():
            assert of["error_rate_by_group", f"{column}={group}"].value == pytest.approx(error)
        gap = of["error_gap", column]
        assert gap.value == pytest.approx(large.max() - large.min())
        assert gap.worst == large.idxmax()
        chosen = groups.apply(lambda part: (part["recommended"] == "big").mean())[groups.size() >= 100]
        assert of["selection_gap", column].value == pytest.approx(chosen.max() - chosen.min())


def test_a_small_group_is_left_out_of_gaps(tmp_path):
    rows = write_rows(tmp_path, n=600)
    result = run(composed(*rows, "+data.protected_columns.age=[79]", "metrics=[error_gap]"))
    (gap,) = (value for value in result.metrics if value.model == "logistic")
    assert np.isnan(gap.value)
    assert gap.worst is None


def test_the_card_names_groups_gaps_and_proxies(fair_run, row_run):
    groups = card_of(fair_run).split("## Groups")[1].split("\n## ")[0]
    assert "never requested: `age`, `sex`, `town`" in groups
    assert "* `error_gap` of `age`:" in groups
    assert "worst for `" in groups
    assert "* proxy: " in groups
    assert "declares no protected column" in card_of(row_run).split("## Groups")[1].split("\n## ")[0]


def value(metric, number, low, high, group=None, worst=None):
    return MetricValue("lgbm", metric, group, number, low, high, 500, 500, worst)


def test_a_gate_stops_clear_violations_and_notes_uncertain_ones():
    surely = value("error_gap", 0.2, 0.12, 0.3, "age", "60+")
    with pytest.raises(CheckError) as caught:
        check_gates([surely], {"error_gap": 0.1}, None)
    said = str(caught.value)
    assert "error_gap of age must be at most 0.100, got 0.200 [0.120, 0.300], worst for '60+'" in said
    assert "fairness.reweigh_by" in said
    assert "waivers.gates=" in said
    assert check_gates([surely], {"error_gap": 0.2}, None) == []
    (note,) = check_gates([surely], {"error_gap": 0.15}, None)
    assert "its interval includes the limit" in note
    (waived,) = check_gates([surely], {"error_gap": 0.1}, "the groups differ in months")
    assert waived.endswith("waived: the groups differ in months")


def test_a_gate_is_a_lower_limit_if_higher_is_better_and_ignores_baselines():
    good, baseline = value("accuracy", 0.8, 0.7, 0.9), value("accuracy", 0.1, 0.1, 0.1)
    baseline = MetricValue("popular", *list(vars(baseline).values())[1:])
    assert check_gates([good, baseline], {"accuracy": 0.75}, None) == []
    assert "its interval includes the limit" in check_gates([good, baseline], {"accuracy": 0.85}, None)[0]
    with pytest.raises(CheckError, match=r"at least 0\.950"):
        check_gates([good, baseline], {"accuracy": 0.95}, None)


def test_a_gate_on_a_metric_without_value_is_rejected():
    with pytest.raises(CheckError, match=r"error_gap: nothing was measured.*data\.protected_columns"):
        check_gates([value("accuracy", 0.8, 0.7, 0.9)], {"error_gap": 0.1}, None)


def test_gates_of_a_run_are_checked_before_it_is_run():
    for typed, said in {
        "+gates.harm_rate=0.1": "gates harm_rate must be among the metrics",
        "+gates.error_gapp=0.1": "did you mean 'error_gap'",
        "+gates.selection_rate_by_group=0.1": "neither high nor low values of it are better",
        "fairness.reweigh_by=age": "must be a protected column",
    }.items():
        with pytest.raises(ConfigError, match=re.escape(said)):
            composed(*SMALL, typed)


def test_a_run_that_breaks_its_gate_is_not_saved(tmp_path):
    typed = write_rows(tmp_path)
    folder = tmp_path / "run"
    with pytest.raises(CheckError, match=r"gate accuracy must be at least 0\.999"):
        train_into(folder, *typed, "+gates.accuracy=0.999", small=())
    assert not (folder / "run.json").exists()
    kept = train_into(tmp_path / "kept", *typed, "+gates.accuracy=0.999", "waivers.gates=trial", small=())
    assert any("waived: trial" in note for note in load_run(kept).manifest.notes)


def planted(tmp_path, hint):
    """Return the table of the rows with a column that equals the sex in all but `hint` of the rows."""
    typed = write_rows(tmp_path)
    file = tmp_path / "rows.csv"
    head, *lines = file.read_text("utf-8").splitlines()
    draw = np.random.default_rng(1)
    told = [line.split(",")[3] if draw.random() > hint else str(draw.integers(0, 2)) for line in lines]
    file.write_text(
        "\n".join([f"{head},name ends in a", *(f"{a},{b}" for a, b in zip(lines, told, strict=True))]),
        "utf-8",
    )
    return [*typed, "+data.protected_columns.sex=null", "data.drop_columns=[age, town]"]


def test_a_proxy_stops_a_run_only_above_a_limit(tmp_path):
    typed = planted(tmp_path, hint=0.2)
    notes = [note for note in run(composed(*typed)).notes if note.startswith("proxy: ")]
    assert any(
        re.match(r"proxy: the features predict sex=1 with AUC 0\.\d\d \[0\.[89]", note) for note in notes
    )
    with pytest.raises(CheckError, match=r"predict sex=0 .* must be at most 0\.7"):
        run(composed(*typed, "fairness.proxy_auc_at_most=0.7"))
    waived = run(composed(*typed, "fairness.proxy_auc_at_most=0.7", "waivers.proxy=known"))
    assert any("waived: known" in note for note in waived.notes)


def test_noise_is_not_a_proxy(tmp_path):
    table = load_decisions(composed(*write_rows(tmp_path), PROTECT)).table
    noise = np.random.default_rng(5).normal(size=(len(table), 6))
    found = list(proxies(noise, table, seed=0))
    assert len(found) > 4
    assert sum(proxy.low > 0.5 for proxy in found) <= 1  # some 95 % intervals miss
    assert all(0.35 < proxy.auc < 0.65 for proxy in found)


pairs = st.lists(st.tuples(st.sampled_from("fmx"), st.integers(0, 2)), min_size=1, max_size=60)


@given(pairs)
def test_weights_are_the_formula(rows):
    group, y = np.array([g for g, _ in rows], object), np.array([label for _, label in rows])
    for weight, pair in zip(balancing_weights(group, y), rows, strict=True):
        share = [np.mean(group == pair[0]), np.mean(y == pair[1]), np.mean([row == pair for row in rows])]
        assert weight == pytest.approx(share[0] * share[1] / share[2])


@given(pairs)
def test_group_and_label_are_independent_under_the_weights(rows):
    every = [(g, label) for g in "fmx" for label in (0, 1, 2)]
    group, y = (np.array(part) for part in zip(*rows, *every, strict=True))
    weights = balancing_weights(group, y)
    assert weights.sum() == pytest.approx(len(y))
    for g, label in every:
        both = weights[(group == g) & (y == label)].sum() / len(y)
        assert both == pytest.approx(np.mean(group == g) * np.mean(y == label))


def test_reweighing_changes_the_fit_and_is_recorded(tmp_path):
    typed = [*write_rows(tmp_path), "+data.protected_columns.age=[50]"]
    plain, weighed = (run(composed(*typed, f"fairness.reweigh_by={by}")) for by in ("null", "age"))
    column = OutOfFold.PROBABILITY + "big"
    own = [found.out_of_fold.query("model == 'logistic'")[column].to_numpy() for found in (plain, weighed)]
    assert not np.allclose(*own)
    assert np.abs(own[0] - own[1]).max() < 0.2


@pytest.mark.parametrize(
    ("model", "takes"),
    [("lgbm", True), ("forest", True), ("hist_boosting", True), ("logistic", True), ("dummy", False)],
)
def test_a_model_without_weights_is_rejected(tmp_path, model, takes):
    typed = [*write_rows(tmp_path, n=80), f"model={model}", "+data.protected_columns.age=[50]"]
    if takes:
        assert len(run(composed(*typed, "fairness.reweigh_by=age")).metrics) > 0
    else:
        with pytest.raises(ConfigError, match=f"model={model} takes no weights"):
            composed(*typed, "fairness.reweigh_by=age")


def test_an_estimator_takes_weights_if_its_class_does():
    one = composed(*SMALL, "model=estimator", "model.class_path=sklearn.naive_bayes.GaussianNB").model
    other = "model.class_path=sklearn.neighbors.KNeighborsClassifier"
    assert one.takes_weights
    assert not composed(*SMALL, "model=estimator", other, "model.parameters={}").model.takes_weights


def test_every_gap_names_a_worst_group_and_nothing_else_does():
    assert {name for name, metric in METRICS.items() if metric.worst} == {
        name for name in METRICS if name.endswith("_gap")
    }


def test_the_evaluations_include_the_gaps():
    conf = Path(__file__).parents[2] / "conf" / "evaluation"
    asked = {
        name: yaml.safe_load((conf / f"{name}.yaml").read_text())["metrics"] for name in ("held", "best_bill")
    }
    assert {"error_gap", "selection_gap"} <= set(asked["held"])
    assert {"regret_gap", "harm_gap"} <= set(asked["best_bill"])
