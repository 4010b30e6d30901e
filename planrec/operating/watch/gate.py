"""One gate of the production check: passed, failed, or undecided because there is too little data."""

from collections.abc import Iterable
from typing import Literal

from scipy import stats

from planrec.schema.config_model import Config

Verdict = Literal["passed", "failed", "undecided"]
SURELY = 0.99
"Confidence with which a share must be above its limit to fail."


class Gate(Config):
    """The outcome of one gate."""

    name: str
    verdict: Verdict
    detail: str
    "The finding in words, for terminals and evidence."
    value: float | None = None
    limit: float | None = None


def share_gate(name: str, counted: tuple[int, int], limit: float, least: int, noun: str) -> Gate:
    """Judge a share, such as that of failed requests; few observations neither pass nor fail by chance.

    Args:
        name: name of the gate.
        counted: the bad observations, and all of them.
        limit: share from which the gate fails, once it is surely above.
        least: observations without which the gate does not pass.
        noun: the bad observations in words.

    Examples:
        >>> share_gate("errors", (1, 150), 0.01, 100, "failed requests").verdict
        'passed'
        >>> share_gate("errors", (9, 150), 0.01, 100, "failed requests").detail
        '9 of 150 failed requests (6.00 %, surely above 2.37 %), at most 1 % allowed'
        >>> share_gate("errors", (0, 20), 0.01, 100, "failed requests").verdict
        'undecided'
    """
    bad, n = counted
    surely = float(stats.beta.ppf(1 - SURELY, bad, n - bad + 1)) if bad else 0.0
    detail = f"{bad:,} of {n:,} {noun}"
    if n:
        detail += f" ({bad / n:.2%}, surely above {surely:.2%})".replace("%", " %")
    detail += f", at most {limit * 100:g} % allowed"
    verdict: Verdict = "failed" if surely > limit else "passed" if n >= least else "undecided"
    if verdict == "undecided":
        detail += f"; at least {least:,} are needed"
    return Gate(name=name, verdict=verdict, detail=detail, value=bad / n if n else None, limit=limit)


def overall(gates: Iterable[Gate]) -> Verdict:
    """Return the verdict of all gates: failed if one failed, passed only if all passed.

    >>> gates = [share_gate("errors", (0, n), 0.01, 100, "failed requests") for n in (20, 200)]
    >>> overall(gates), overall(gates[1:])
    ('undecided', 'passed')
    """
    verdicts = {gate.verdict for gate in gates}
    order: tuple[Verdict, ...] = ("failed", "undecided")
    return next((verdict for verdict in order if verdict in verdicts), "passed")
