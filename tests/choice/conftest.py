"""A choice model, trained once on drawn choices."""

import numpy as np
import pytest

from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.choice.test_laws import drawn_choices
from tests.quick_configs import composed

SMALL = (
    "data=choice_table",
    "data.path=choices.csv",
    "data.plan_column=choice",
    "data.attributes={cost: 'cost{plan}'}",
    "data.subscriber_column=person",
    "model.price=cost",
    "cv.n_folds=3",
    "n_bootstrap=50",
)


@pytest.fixture(scope="session")
def trained_choices(tmp_path_factory):
    """Train on 200 drawn choices of 100 people, and save the run."""
    folder = tmp_path_factory.mktemp("choice")
    X, y = drawn_choices(200)
    cells = [["" if np.isnan(value) else f"{value:.2f}" for value in values] for values in X.values()]
    rows = [
        ",".join([str(row // 2), "ABC"[y[row]], *(column[row] for column in cells)]) for row in range(200)
    ]
    file = folder / "choices.csv"
    file.write_text("\n".join(["person,choice,costA,costB,costC", *rows]) + "\n", "utf-8")
    config = composed(*SMALL[:1], f"data.path={file}", *SMALL[2:])
    result = run(config)
    begin_run(folder / "run", config, "planrec train")
    save_run(result, folder / "run", "planrec train")
    return result, folder / "run"
