"""`cv=leave_one_plan_out`: the plan of the tested rows is unknown to training."""

import pytest

from planrec.cv import LeaveOnePlanOut
from planrec.errors import DataError
from planrec.testing.splitter_checks import check_splitter
from planrec.training.experiment import run
from tests.choice.choices import NONE_BY_PLAN, choices_file
from tests.cv.test_splitters import table_of
from tests.quick_configs import composed

SPLITTER = LeaveOnePlanOut(kind="leave_one_plan_out")


def test_it_keeps_the_contract_of_splitters():
    check_splitter(SPLITTER)


def test_takers_are_tested_and_are_in_no_training_row():
    table = table_of([1, 1, 2, 3, 4, 5, 6, 7], [0, 1, 0, 1, 2, 2, 1, 0])
    folds = list(SPLITTER.split(table, seed=0))
    assert [fold.test.tolist() for fold in folds] == [[0, 2, 7], [1, 3, 6], [4, 5]]
    # Subscriber 1 took plans 0 and 1, so both of their rows are left out of either training.
    assert [fold.train.tolist() for fold in folds] == [[3, 4, 5, 6], [2, 4, 5, 7], [0, 1, 2, 3, 6, 7]]


def test_too_few_plans_are_refused():
    with pytest.raises(DataError, match="got fewer without 'mini': type cv=grouped"):
        list(SPLITTER.split(table_of(range(6), [0, 1, 0, 1, 0, 1]), seed=0))


def test_a_choice_model_ranks_plans_that_it_never_saw(tmp_path):
    result = run(composed(*choices_file(tmp_path), *NONE_BY_PLAN, "cv=leave_one_plan_out"))
    accuracy = {value.model: value for value in result.metrics if value.metric == "accuracy"}
    assert accuracy["conditional_logit"].low > 0.2
    # Shares of the training choices give an unseen plan no chance.
    assert accuracy["dummy"].value == 0
    own = result.out_of_fold[result.out_of_fold["model"] == "conditional_logit"]
    assert all(row[f"probability@{row['y']}"] > 0 for row in own.to_dict("records"))
