"""Files of months, written from the simulator."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from planrec.config.compose import compose
from planrec.data.simulated_history import simulate
from tests.conftest import SMALL_BILLS


def months_file(folder: Path, n_months: int, change: Callable[[dict], None] = lambda columns: None) -> str:
    """Write the subscribers of a small default run as a file of months; `change` edits its columns."""
    config = compose(*SMALL_BILLS, f"data.n_months={n_months}")
    history = simulate(config.data.population, config.catalogue.open())[0]
    columns = {
        "subscriber": history.subscriber.tolist(),
        "month": history.month.astype(str).tolist(),
        "plan": [history.plans[code] for code in history.plan_held],
    } | {name: np.round(values, 2).tolist() for name, values in history.usage.items()}
    change(columns)
    file = folder / "months.csv"
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(file)


def of_file(file: str) -> tuple[str, ...]:
    billed = "data.usage_columns.voice_minutes_billed=voice_minutes_billed"
    return "data=usage_months", f"data.path={file}", billed
