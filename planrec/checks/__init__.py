"""Gates that stop a run: leaks, overlap, labels that teach nothing.

A check is one function and one line in CHECKS, plus one field in Waivers and in conf/train.yaml.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints

from planrec.checks.evidence import Evidence, Found
from planrec.checks.label import constant_label, label_in_features
from planrec.checks.leakage import leakage_screen
from planrec.checks.split import overlap, repeated_month
from planrec.errors import CheckError
from planrec.schema.config_model import Config
from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    from planrec.contracts import Fold

__all__ = ["CHECKS", "Check", "Evidence", "Found", "Waivers", "run_checks"]

Check = Callable[[Evidence], Found]

CHECKS: dict[str, Check] = {
    "label_in_features": label_in_features,
    "leakage_screen": leakage_screen,
    "constant_label": constant_label,
    "repeated_month": repeated_month,
    "overlap": overlap,
}

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None
"Why a check may fail, for whoever reads the run; null: it may not."


class Waivers(Config):
    """Checks that may fail, each with the reason, which is written into the run."""

    label_in_features: Reason
    "A feature column is the label, as it is or under other names."
    leakage_screen: Reason
    "A single column tells the plan held: lower limit of its AUC above 0.98."
    constant_label: Reason
    "All rows have the same plan."
    repeated_month: Reason
    "A (subscriber, as_of) pair stands on two rows."
    overlap: Reason
    "A subscriber is learned from and judged in the same fold."
    proxy: Reason
    "The features tell a protected group: AUC surely above fairness.proxy_auc_at_most."
    gates: Reason
    "A metric is surely beyond its limit in gates."


def run_checks(
    table: DecisionTable, folds: "Sequence[Fold]", waivers: Waivers, keeps_subscribers_whole: bool
) -> list[str]:
    """Run every check; return what to record in the run: waived problems with their reason, and warnings.

    Args:
        keeps_subscribers_whole: what the splitter promises; where it does not, overlap is only a warning.

    Raises:
        CheckError: all problems of all checks that are not waived, each with the override to type.
    """
    evidence = Evidence(table, folds, keeps_subscribers_whole)
    problems: list[str] = []
    notes: list[str] = []
    for name, check in CHECKS.items():
        found, reason = check(evidence), getattr(waivers, name)
        notes += [f"{name}: {note}" for note in found.notes]
        if reason is None:
            problems += [f"{name}: {problem}" for problem in found.problems] + _ways_out(name, found)
        else:
            notes += [f"{name}: {problem}; waived: {reason}" for problem in found.problems]
    if problems:
        raise CheckError("the data or the folds did not pass the checks", problems)
    return notes


def _ways_out(name: str, found: Found) -> list[str]:
    """The overrides that mend what was found, as they are typed on the command line."""
    waive = f"waivers.{name}='WHY THIS IS FINE'"
    if not found.problems:
        return []
    if not found.drop:
        return [f"{name}: where this is meant, say why: {waive}"]
    columns = ",".join(_quoted(column) for column in found.drop)
    drop = shlex.quote(f"data.drop_columns=[{columns}]")
    return [f"{name}: drop with {drop} (with those that it drops already), or say why this is fine: {waive}"]


def _quoted(column: str) -> str:
    """A column's name as Hydra's list grammar reads it."""
    if re.fullmatch(r"(?!(null|true|false|nan|inf)$)[a-z_][a-z0-9_]*", column, re.IGNORECASE | re.ASCII):
        return column
    # A backslash escapes only in front of a quote, so only there is it doubled.
    escaped = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + found[2].replace('"', '\\"'), column)
    return f'"{escaped}"'
