"""A simulated operator as files, with the truth beside them.

history.parquet              the months as an operator has them: `data=usage_months` reads it
catalogue.yaml               its plans: `catalogue=file` reads them
truth/hidden_bills.parquet   true expected bill of every subscriber, month and plan
truth/best_plan.parquet      the cheapest plan by these bills, of every subscriber and month
truth/acceptance.parquet     probability of taking each plan when offered, of every subscriber
truth/churn.parquet          probability of leaving, of every subscriber and month
"""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from planrec.catalogue import Catalogue
    from planrec.data.hidden_truth import HiddenTruth
    from planrec.data.simulator import Simulator
    from planrec.schema.columns import Columns
    from planrec.schema.tables import UsageHistory


def write_simulation(options: "Simulator", catalogue: "Catalogue", folder: Path) -> Path:
    """Simulate and write all files at once: a folder that exists is complete.

    Raises:
        DataError: if the folder is not empty.
        CatalogueError: if the catalogue has no plan that can be chosen.
    """
    from planrec.data.hidden_truth import hidden_truth
    from planrec.data.simulated_history import drift_of, simulate

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} must be a new or empty folder: nothing is overwritten")
    history, people = simulate(options.population, catalogue)
    truth = hidden_truth(history, people, catalogue, drift_of(options.population))
    tables = {"history": history_table(history)} | {
        f"truth/{name}": table for name, table in _truth_tables(history, truth).items()
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        _write_files(Path(temporary, "files"), tables, catalogue)
        os.replace(Path(temporary, "files"), folder)
    return folder


def history_table(history: "UsageHistory") -> "pd.DataFrame":
    """Make the columns that `data=usage_months` expects by default."""
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {
            "subscriber": history.subscriber,
            "month": np.datetime_as_string(history.month),
            "plan": np.array(history.plans, object)[history.plan_held],
            **history.usage,
        }
    )


def _truth_tables(history: "UsageHistory", truth: "HiddenTruth") -> "dict[str, pd.DataFrame]":
    """Make tables with one row per subscriber and month; acceptance has one per subscriber."""
    import numpy as np
    import pandas as pd

    plans, n = history.plans, len(truth.acceptance)
    keys = {"subscriber": history.subscriber, "month": np.datetime_as_string(history.month)}
    bills = truth.bills.reshape(len(history), -1)
    accept = {f"accept@{plan}": truth.acceptance[:, at] for at, plan in enumerate(plans)}
    columns: dict[str, Columns] = {
        "hidden_bills": keys | {f"hidden@{plan}": bills[:, at] for at, plan in enumerate(plans)},
        "best_plan": keys | {"best_plan": np.array(plans, object)[truth.best_plan.ravel()]},
        "acceptance": {"subscriber": history.subscriber.reshape(n, -1)[:, 0]} | accept,
        "churn": keys | {"churn": truth.churn.ravel(), "churn_if_refused": truth.churn_if_refused.ravel()},
    }
    return {name: pd.DataFrame(of_table) for name, of_table in columns.items()}


def _write_files(folder: Path, tables: "dict[str, pd.DataFrame]", catalogue: "Catalogue") -> None:
    import yaml

    (folder / "truth").mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    content = catalogue.model_dump(mode="json", by_alias=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / "catalogue.yaml").write_text(text, "utf-8")
