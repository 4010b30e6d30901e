"""Small out-of-fold tables."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd

PLANS = ("mini", "base", "plus", "max")


def out_of_fold(
    y: list[int],
    probability: np.ndarray,
    recommended: list[int] | None = None,
    subscriber: list[int] | None = None,
    menu: np.ndarray | None = None,
    model: str = "lgbm",
) -> pd.DataFrame:
    """One model's rows; plans by index, -1 for abstain; the most probable plan is recommended."""
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


@st.composite
def tables(
    draw: st.DrawFn, min_rows: int = 1, max_rows: int = 10, n_plans: int | None = None
) -> pd.DataFrame:
    """Few rows, few distinct probabilities (so that ties abound), absent plans, abstaining, subscribers with
    several rows."""
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

    return out_of_fold(
        y=one_per_row(0, width - 1),
        probability=counts / counts.sum(axis=1, keepdims=True),
        recommended=one_per_row(-1, width - 1),
        subscriber=one_per_row(0, 3),
    )
