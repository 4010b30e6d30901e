"""Checks of the data and the folds: most stop a run, those in `suspects` warn.

A check that stops is one function and one line in CHECKS, plus one field in Waivers and in conf/train.yaml.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints

from planrec.checks.evidence import Evidence, Findings
from planrec.checks.label import constant_label, label_in_features
from planrec.checks.leakage import leakage_screen
from planrec.checks.split import overlap, repeated_month
from planrec.checks.suspects import warnings_of
from planrec.commands.advice import typed
from planrec.errors import CheckError
from planrec.schema.config_model import Config
from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    from planrec.contracts import Fold

__all__ = ["CHECKS", "Check", "Evidence", "Findings", "Waivers", "run_checks"]

Check = Callable[[Evidence], Findings]

CHECKS: dict[str, Check] = {
    "label_in_features": label_in_features,
    "leakage_screen": leakage_screen,
    "constant_label": constant_label,
    "repeated_month": repeated_month,
    "overlap": overlap,
}

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None
"The reason for which a check may fail, recorded in the run; null to enforce the check."


class Waivers(Config):
    """Checks that may fail, each with the reason, which is recorded in the run."""

    label_in_features: Reason
    "A feature column equals the label, perhaps with other names for the plans."
    leakage_screen: Reason
    "A single column predicts the plan held: the lower limit of its AUC is above 0.98."
    constant_label: Reason
    "All rows have the same plan."
    repeated_month: Reason
    "A (subscriber, as_of) pair has two rows."
    overlap: Reason
    "A subscriber is in the training and the test rows of the same fold."
    proxy: Reason
    "The features predict a protected group: the AUC interval is above fairness.proxy_auc_at_most."
    gates: Reason
    "The interval of a metric is beyond its limit in gates."


def run_checks(
    table: DecisionTable,
    folds: "Sequence[Fold]",
    waivers: Waivers,
    dropped: "Sequence[str]" = (),
    *,
    keeps_subscribers_whole: bool,
) -> list[str]:
    """Run every check.

    Args:
        table: the labelled decisions.
        folds: the folds of the run.
        waivers: the checks that may fail.
        keeps_subscribers_whole: whether the splitter never splits a subscriber; else overlap is a warning.
        dropped: columns that the data drops already.

    Returns:
        The warnings, the waived problems with their reasons and the possible leaks, to record in the run.

    Raises:
        CheckError: checks that are not waived found problems; lists all of them with the overrides to type.
    """
    evidence = Evidence(table, folds, keeps_subscribers_whole)
    problems: list[str] = []
    notes: list[str] = []
    reported: list[str] = []
    for name, check in CHECKS.items():
        found, reason = check(evidence), getattr(waivers, name)
        notes += [f"{name}: {note}" for note in found.notes]
        reported += found.drop
        if reason is None:
            problems += [f"{name}: {problem}" for problem in found.problems] + _ways_out(name, found, dropped)
        else:
            notes += [f"{name}: {problem}; waived: {reason}" for problem in found.problems]
    if problems:
        raise CheckError("the data or the folds did not pass the checks", problems)
    return notes + warnings_of(evidence, reported, dropped)


def _ways_out(name: str, found: Findings, dropped: "Sequence[str]") -> list[str]:
    """Write the overrides that solve the problems, as typed on the command line."""
    waive = typed({f"waivers.{name}": "WHY THIS IS FINE"})
    if not found.problems:
        return []
    if not found.drop:
        return [f"{name}: if this is intended, give the reason: {waive}"]
    drop = typed({"data.drop_columns": [*dropped, *found.drop]})
    return [f"{name}: drop with {drop} or give the reason: {waive}"]
