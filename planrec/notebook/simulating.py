"""`pr.simulate`: the months of a simulated operator."""

from typing import TYPE_CHECKING

from planrec.schema.tables import UsageHistory

if TYPE_CHECKING:
    import pandas as pd


def simulate(
    n_subscribers: int = 1_000, *, n_months: int = 12, catalogue: str = "ladder", seed: int = 0
) -> "pd.DataFrame":
    """Return the months of a simulated operator, calibrated to real ones.

    `planrec simulate FOLDER` writes them to files, with the truth behind them.

    Args:
        n_subscribers: number of subscribers.
        n_months: calendar months from January 2018 on.
        catalogue: name of a shipped catalogue.
        seed: equal seeds give equal months.

    Returns:
        One row per subscriber and month: `subscriber`, `month`, `plan` (held in the month) and usage.
        `train(data=months, catalogue=catalogue)` and `advise` take it.

    Raises:
        ConfigError: a number is out of range, or there is no such catalogue.

    Examples:
        >>> months = simulate(2, n_months=3)
        >>> len(months), list(months.columns[:3])
        (6, ['subscriber', 'month', 'plan'])
    """
    from planrec.config.compose import compose
    from planrec.data.simulated_files import history_table

    config = compose(
        "data=simulator",
        f"data.n_subscribers={n_subscribers}",
        f"data.n_months={n_months}",
        f"data.seed={seed}",
        f"catalogue={catalogue}",
    )
    history = config.data.load(config.catalogue.open())
    if not isinstance(history, UsageHistory):
        raise TypeError(f"the simulator must give a history, got {type(history).__name__}")
    return history_table(history)
