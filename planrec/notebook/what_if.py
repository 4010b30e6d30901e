"""`pr.what_if`: shares and revenue if a plan had another price."""

from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.notebook.trained_run import TrainedRun, load

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("plan", "figure", "now", "then", "change", "low", "high")
"Of the table of `what_if`."


def what_if(
    run: TrainedRun | str | Path = "latest",
    *,
    plan: str,
    price: str,
    outputs: str | Path | None = None,
) -> "pd.DataFrame":
    """Predict shares and revenue if a plan had another price.

    Args:
        run: a run of a choice model, its folder, the beginning of its id, or `latest`.
        plan: the plan whose price changes.
        price: the change: `+10%`, `-5%` or `+2.50`.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        Columns `plan`, `figure` (`share` or `revenue`), `now`, `then`, `change`, and `low` and `high`, the
        95 % interval of the change over draws of the coefficients; revenue is a sum over the cases.

    Raises:
        RunError: the run is no choice model with a price, or its data changed.
        ConfigError: the run has no such plan, or the change cannot be read.
        DataError: a price would not stay above 0.
    """
    import pandas as pd

    from planrec.choice.price_change import PriceChange
    from planrec.evaluation.what_if import what_if as answer_of

    answer = answer_of(load(run, outputs=outputs).folder, plan, PriceChange.parse(price))
    rows = [
        (name, figure, moved.now.value, moved.then.value, *astuple(moved.change))
        for figure, of_plans in (("share", answer.shares), ("revenue", answer.revenue))
        for name, moved in of_plans.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
