"""The files in docs/examples/ that how-to pages and the README name: `just docs --only examples`."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from planrec.config.compose import compose
from planrec.config.conf_folder import CONF
from planrec.data.simulated_history import simulate

HOW_TO = Path(__file__).parents[1] / "how-to"
N_SUBSCRIBERS = 40
COUNTS = ("voice_calls", "voice_minutes_billed", "sms")
SUMMER_FEE = "19.00"


def write_examples(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in examples().items():
        (folder / name).write_text(text, "utf-8")


def examples() -> dict[str, str]:
    """Return the content of every file; its months are over under every clock of the tests."""
    plans, summer, version = _pages()
    rows = _months("2025-11", n_months=5, seed=20, prefix="u")
    return {
        "months.csv": _csv(_months("2025-11", n_months=12, seed=18, prefix="s")),
        "may.csv": _csv(_months("2025-05", n_months=13, seed=19, prefix="m")),
        "usage.csv": _csv(rows.drop(columns=["month"]).rename(columns={"plan_held": "plan"})),
        "plans.yaml": plans,
        "plans-2.yaml": re.sub(r"version: \S+", version, plans) + summer,
        "ladder-2.yaml": _ladder_with(summer),
    }


def _months(first: str, n_months: int, seed: int, prefix: str) -> pd.DataFrame:
    """Simulate subscribers with the shipped plans, in the columns that `planrec score` reads."""
    config = compose(f"data.n_subscribers={N_SUBSCRIBERS}", f"data.n_months={n_months}", f"data.seed={seed}")
    history, _ = simulate(config.data.population, config.catalogue.open())
    numbers = pd.factorize(history.subscriber)[0] + 1
    months = np.datetime64(first) + (history.month - history.month.min())
    table = pd.DataFrame(
        {
            "subscriber": [f"{prefix}{number:04d}" for number in numbers],
            "month": np.datetime_as_string(months),
            "plan_held": np.array(history.plans, object)[history.plan_held],
            **history.usage,
        }
    )
    return table.round({"voice_minutes": 2, "data_mib": 1}).astype(dict.fromkeys(COUNTS, int))


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n"))


def _pages() -> tuple[str, str, str]:
    """Return the plans, the new plan and its version, as the two how-to pages print them."""
    plans, change = (
        (HOW_TO / f"{name}.md").read_text("utf-8") for name in ("describe-your-plans", "change-your-plans")
    )
    (before,), (summer,) = (
        re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL) for text in (plans, change)
    )
    (version,) = re.findall(r"`(version: [^`]+)`", change)
    return before, summer, version


def _ladder_with(summer: str) -> str:
    """Return the shipped plans with one more, in a new version."""
    ladder = (CONF / "catalogue" / "ladder.yaml").read_text("utf-8")
    changed = re.sub(r'version: "\S+"', 'version: "2018.2"', ladder)
    return changed.rstrip() + "\n" + summer.replace('"7.90"', f'"{SUMMER_FEE}"')
