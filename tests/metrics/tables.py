"""Small out-of-fold tables."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd

from planrec.metrics import METRICS
from planrec.metrics.judged_rows import JudgedRows, read_judged_rows

PLANS = ("mini", "base", "plus", "max")


AGES = ("<30", "30 to <60", "60+")


def age_of(n: int) -> np.ndarray:
    """Return an age band per row, each about equally often."""
    return np.array(AGES, object)[np.arange(n) * 7 % 11 % 3]


def out_of_fold(
    y: list[int],
    probability: np.ndarray,
    recommended: list[int] | None = None,
    subscriber: list[int] | None = None,
    menu: np.ndarray | None = None,
    model: str = "lgbm",
) -> pd.DataFrame:
    """Make one model's rows; plans by index, -1 for abstain; the most probable plan is the default advice."""
    plans = [*PLANS[: probability.shape[1]], None]
    advice = probability.argmax(axis=1) if recommended is None else recommended
    columns = {
        "decision_id": np.arange(len(y)),
        "repeat": 0,
        "fold": 0,
        "model": model,
        "subscriber": np.arange(len(y)) if subscriber is None else subscriber,
        "y": [plans[plan] for plan in y],
        "recommended": [plans[plan] for plan in advice],
    }
    columns |= {f"probability@{plan}": probability[:, j] for j, plan in enumerate(plans[:-1])}
    if menu is not None:
        columns |= {f"menu@{plan}": menu[:, j] for j, plan in enumerate(plans[:-1])}
    return pd.DataFrame(columns)


def with_bills(
    table: pd.DataFrame,
    future: np.ndarray,
    held: list[int] | None = None,
    switching: np.ndarray | None = None,
    hidden: np.ndarray | None = None,
    horizon: int = 1,
) -> pd.DataFrame:
    """Add bills, sums over the horizon; all hold the first plan and switch for free by default."""
    plans = PLANS[: future.shape[1]]
    holds = [0] * len(table) if held is None else held
    columns = {"held": [plans[plan] for plan in holds], "horizon": horizon}
    free = np.zeros(future.shape)
    parts = {"future@": future, "switching@": free if switching is None else switching, "hidden@": hidden}
    for prefix, part in parts.items():
        if part is not None:
            columns |= {prefix + plan: part[:, j] for j, plan in enumerate(plans)}
    return table.assign(**columns)


def with_chances(table: pd.DataFrame, cheaper: np.ndarray, chances: np.ndarray) -> pd.DataFrame:
    """Add P(cheaper), shape (n, J), and P(bill < realised), P(bill <= realised), shape (n, J, 2)."""
    parts = {"cheaper@": cheaper, "below@": chances[..., 0], "upto@": chances[..., 1]}
    return table.assign(
        **{
            prefix + plan: part[:, j]
            for prefix, part in parts.items()
            for j, plan in enumerate(PLANS[: part.shape[1]])
        }
    )


def at_random(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add random bills, decision times and deciles, so that every metric can be measured."""
    random = np.random.default_rng(seed)
    n, n_plans = len(table), sum(name.startswith("probability@") for name in table)
    future, hidden = random.gamma(4, 10, (2, n, n_plans))
    held = random.integers(0, n_plans, n)
    switching = np.where(np.arange(n_plans) == held[:, np.newaxis], 0.0, 3.0)
    days = np.datetime64("2030-01-01", "s") + random.permutation(n) * np.timedelta64(86_400, "s")
    table = with_bills(table, future, list(held), switching, hidden, horizon=3)
    table = with_chances(table, random.random((n, n_plans)), np.sort(random.random((n, n_plans, 2))))
    return table.assign(as_of=days, usage_decile=1 + np.arange(n) % 10, **{"segment@age": age_of(n)})


def value(name: str, rows: pd.DataFrame | JudgedRows) -> np.ndarray:
    """Return a metric of all rows; reading takes most of the time, so many metrics may share one reading."""
    judged = rows if isinstance(rows, JudgedRows) else read_judged_rows(rows)
    return METRICS[name].function(judged, np.ones((judged.subscribers.count, 1)))[..., 0]


@st.composite
def tables(
    draw: st.DrawFn, min_rows: int = 1, max_rows: int = 10, n_plans: int | None = None
) -> pd.DataFrame:
    """Draw few rows with few distinct probabilities and bills, so that probabilities, best plans and regrets
    are often tied, with absent plans, abstaining, and subscribers with several rows."""
    width = n_plans or draw(st.integers(2, 3))
    n = draw(st.integers(min_rows, max_rows))
    parts = draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=width, max_size=width).filter(any), min_size=n, max_size=n
        )
    )
    counts = np.array(parts, float)

    def one_per_row(least: int, most: int) -> list[int]:
        return draw(st.lists(st.integers(least, most), min_size=n, max_size=n))

    def bills(least: int) -> np.ndarray:
        return np.array([one_per_row(least, 5) for _ in range(width)], float).T

    table = out_of_fold(
        y=one_per_row(0, width - 1),
        probability=counts / counts.sum(axis=1, keepdims=True),
        recommended=one_per_row(-1, width - 1),
        subscriber=one_per_row(0, 3),
    )
    held = one_per_row(0, width - 1)
    switching = np.where(np.arange(width) == np.array(held)[:, np.newaxis], 0.0, bills(0))
    table = with_bills(table, bills(-2), held, switching, bills(0), horizon=draw(st.integers(1, 3)))
    chances = np.sort(np.stack([bills(0), bills(0)], axis=2), axis=2)
    table = with_chances(table, bills(0) / 5, chances / 5)
    days = np.array(one_per_row(0, 3)) * np.timedelta64(86_400, "s")
    age = np.array(AGES, object)[one_per_row(0, 2)]
    return table.assign(
        as_of=np.datetime64("2030-01-01", "s") + days,
        usage_decile=one_per_row(1, 10),
        **{"segment@age": age},
    )
