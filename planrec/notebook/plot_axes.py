"""Axes of matplotlib, which is loaded here only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import ConfigError
from planrec.metrics import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes(ax: "Axes | None") -> "Axes":
    """Return these axes, or new ones. Raises ConfigError if matplotlib is not installed."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ConfigError("charts need matplotlib: type pip install 'planrec[notebook]'") from error
    return pyplot.subplots(layout="constrained")[1]


def interval_axes(labels: Sequence[str], estimates: Sequence[Estimate], axes: "Axes") -> "Axes":
    """Draw one value with its interval per label, the first at the top and filled."""
    for place, estimate in enumerate(estimates):
        ends = [[estimate.value - estimate.low], [estimate.high - estimate.value]]
        # Percentile intervals of biased estimates may lie beside their value.
        sizes = np.nan_to_num(np.clip(ends, 0, None))
        fill = "full" if place == 0 else "none"
        axes.errorbar([estimate.value], [place], xerr=sizes, marker="o", fillstyle=fill, color="tab:blue")
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    return axes
