from hypothesis import given
from hypothesis import strategies as st

from planrec.config.config_diff import Change, changes, flat, labels

VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
CONFIGS = st.dictionaries(
    st.sampled_from(["data", "model", "seed", "metrics"]),
    VALUES | st.dictionaries(st.sampled_from(["kind", "rate", "path"]), VALUES, max_size=3),
    max_size=4,
)
LGBM = {"model": {"kind": "lgbm", "leaves": 7, "rate": 0.1}, "cv": {"kind": "rolling"}, "seed": 0}
LOGISTIC = {"model": {"kind": "logistic", "C": 1.0}, "cv": {"kind": "rolling"}, "seed": 0}


def leaves(count: int) -> dict:
    return {**LGBM, "model": {**LGBM["model"], "leaves": count}}


def test_changes_name_the_dotted_path_and_both_values():
    assert changes(LGBM, leaves(15) | {"seed": 1}) == (
        Change("model.leaves", "7", "15"),
        Change("seed", "0", "1"),
    )
    assert str(Change("seed", "0", "1")) == "seed: 0 -> 1"


def test_fields_of_another_kind_are_not_listed_one_by_one():
    assert changes(LGBM, LOGISTIC) == (Change("model.kind", "lgbm", "logistic"),)


def test_plans_are_named_by_their_id():
    one, other = ({"catalogue": {"plans": [{"id": "mini", "fee": fee}]}} for fee in ("14.00", "15.00"))
    assert changes(one, other) == (Change("catalogue.plans.mini.fee", "14.00", "15.00"),)


def test_a_label_holds_what_not_all_share():
    assert labels([LGBM, leaves(15), LOGISTIC]) == [
        {"model": "lgbm", "model.leaves": "7"},
        {"model": "lgbm", "model.leaves": "15"},
        {"model": "logistic"},
    ]
    assert labels([LGBM, LGBM]) == [{}, {}]


def test_where_data_lies_is_no_difference():
    assert labels([{"data": {"path": "here"}}, {"data": {"path": "there"}}]) == [{}, {}]


@given(CONFIGS, CONFIGS)
def test_changes_are_none_for_one_config_and_the_same_both_ways(one, other):
    assert changes(one, one) == ()
    back = {(change.path, change.second, change.first) for change in changes(other, one)}
    assert {(change.path, change.first, change.second) for change in changes(one, other)} == back


@given(st.lists(CONFIGS, min_size=1, max_size=4))
def test_a_config_alone_or_repeated_has_no_label(configs):
    assert labels([configs[0]] * len(configs)) == [{}] * len(configs)
    assert all(
        set(label) <= {path.removesuffix(".kind") for path in flat(config)}
        for label, config in zip(labels(configs), configs, strict=True)
    )
