"""Contract of metrics: vectorised over bootstrap draws, independent of the order of rows."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from planrec.metrics import Metric
from planrec.metrics.judged_rows import JudgedRows, Subscribers

N_ROWS, N_PLANS, N_SUBSCRIBERS = 60, 3, 20


def check_metric(metric: Metric, rows: JudgedRows | None = None) -> None:
    """Run every check of `METRIC_CHECKS`.

    Args:
        metric: the metric, as it is registered.
        rows: judged rows of one model; None: random rows without bills.

    Raises:
        AssertionError: a check failed; its name is added as a note.
    """
    for name, check in METRIC_CHECKS.items():
        try:
            check(metric, rows or judged_rows())
        except AssertionError as error:
            error.add_note(f"in the check {name}")
            raise


def judged_rows() -> JudgedRows:
    """Return random out-of-fold rows of one model, without bills."""
    rng = np.random.default_rng(0)
    weight = rng.random((N_ROWS, N_PLANS))
    return JudgedRows(
        plans=("mini", "base", "max"),
        y=rng.integers(0, N_PLANS, N_ROWS),
        probability=weight / weight.sum(axis=1, keepdims=True),
        recommended=rng.integers(-1, N_PLANS, N_ROWS),
        menu=None,
        subscribers=Subscribers((np.arange(N_ROWS) % N_SUBSCRIBERS).astype(np.int32), N_SUBSCRIBERS),
        n_decisions=N_ROWS,
        n_subscribers=N_SUBSCRIBERS,
    )


def draws_are_columns(metric: Metric, rows: JudgedRows) -> None:
    """Check the shape, and that each draw gives the value that it gives alone."""
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 3, (rows.subscribers.count, 5)).astype(np.float64)
    values = metric.function(rows, weights)
    n_groups = () if metric.groups is None else (len(metric.groups(rows)),)
    assert values.shape == (*n_groups, 5)
    for draw in range(5):
        alone = metric.function(rows, weights[:, [draw]])
        np.testing.assert_allclose(values[..., [draw]], alone, rtol=1e-12, atol=1e-12)


def the_order_of_rows_does_not_matter(metric: Metric, rows: JudgedRows) -> None:
    """Check that shuffled rows give the same value."""
    order = np.random.default_rng(2).permutation(len(rows.y))
    shuffled = replace(
        rows,
        y=rows.y[order],
        probability=rows.probability[order],
        recommended=rows.recommended[order],
        menu=None if rows.menu is None else rows.menu[order],
        subscribers=replace(rows.subscribers, codes=rows.subscribers.codes[order]),
    )
    ones = np.ones((rows.subscribers.count, 1))
    values = [metric.function(table, ones) for table in (rows, shuffled)]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12, atol=1e-12)


METRIC_CHECKS: Mapping[str, Callable[[Metric, JudgedRows], None]] = {
    check.__name__: check for check in (draws_are_columns, the_order_of_rows_does_not_matter)
}
"Checks by name; each takes a metric and rows, and raises AssertionError."
