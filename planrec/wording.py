"""Formats of numbers in terminals and pages."""

from math import isnan

ARROW = {True: " ↑", False: " ↓", None: ""}
"By `Metric.higher_is_better`."

_WHOLE_FROM = 1000


def figure(value: float) -> str:
    """Format a number: three decimals below 1, else three digits, whole numbers from 1,000.

    Examples:
        >>> figure(0.0123), figure(-0.0001), figure(12.345), figure(12345.6), figure(float("nan"))
        ('0.012', '0.000', '12.3', '12,346', '-')
    """
    if isnan(value):
        return "-"
    if abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    # Adding 0 turns -0.0 into 0.0.
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 1 else f"{value:#.3g}".rstrip(".")


def with_interval(value: float, low: float, high: float) -> str:
    """Format a value with the ends of its interval, if it has one.

    Examples:
        >>> with_interval(0.5, 0.4, 0.6), with_interval(0.5, float("nan"), float("nan"))
        ('0.500 [0.400, 0.600]', '0.500')
    """
    return figure(value) if isnan(value) or isnan(low) else f"{figure(value)} [{figure(low)}, {figure(high)}]"


def signed(difference: float, low: float, high: float) -> str:
    """Format a difference and its interval, with a plus sign if it is positive.

    Examples:
        >>> signed(0.5, 0.4, 0.6), signed(-0.5, -0.6, -0.4), signed(0.0, 0.0, 0.0)
        ('+0.500 [0.400, 0.600]', '-0.500 [-0.600, -0.400]', '0.000 [0.000, 0.000]')
    """
    return ("+" if round(difference, 3) > 0 else "") + with_interval(difference, low, high)
