"""`cv=leave_one_plan_out`: one plan after the other is unknown to training."""

import numpy as np
import pytest

from planrec.cv import LeaveOnePlanOut
from planrec.errors import DataError
from planrec.testing.splitter_checks import check_splitter, decisions, same_folds
from planrec.training.experiment import run
from tests.choice.choices import NONE_BY_PLAN, choices_file
from tests.cv.test_splitters import table_of
from tests.quick_configs import composed

SPLITTER = LeaveOnePlanOut(kind="leave_one_plan_out", n_folds=2)


def test_it_keeps_the_contract_of_splitters():
    check_splitter(SPLITTER)


def test_another_seed_gives_other_folds():
    first, second = (list(SPLITTER.split(decisions(), seed)) for seed in (0, 1))
    assert not same_folds(first, second)


def test_each_plan_is_unknown_in_one_repeat_and_all_decisions_are_tested():
    table = decisions()
    folds = list(SPLITTER.split(table, seed=0))
    assert [fold.repeat for fold in folds] == [0, 0, 1, 1, 2, 2]
    for fold in folds:
        # The other rows of the other subscribers are all learned from.
        others = ~np.isin(table.subscriber, table.subscriber[fold.test])
        expected = np.flatnonzero(others & (table.labels != fold.repeat))
        np.testing.assert_array_equal(fold.train, expected)
    for repeat in range(3):
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        np.testing.assert_array_equal(np.sort(tested), np.arange(len(table)))


def test_too_few_plans_are_refused():
    with pytest.raises(DataError, match="got fewer without 'mini': type cv=grouped"):
        list(SPLITTER.split(table_of(range(8), [0, 1] * 4), seed=0))


def test_a_choice_model_ranks_plans_that_it_never_saw(tmp_path):
    result = run(composed(*choices_file(tmp_path), *NONE_BY_PLAN, "cv=leave_one_plan_out", "cv.n_folds=2"))
    own = result.out_of_fold[result.out_of_fold["model"] == "conditional_logit"]
    assert len(own) == 3 * len(result.table)
    unknown = own[own["y"] == own["repeat"].map(dict(enumerate("ABC")))]
    assert (unknown["recommended"] == unknown["y"]).mean() > 0.3
    dummy = result.out_of_fold[result.out_of_fold["model"] == "dummy"]
    # Shares of the training choices give an unknown plan no chance.
    assert not (dummy["recommended"] == dummy["repeat"].map(dict(enumerate("ABC")))).any()
