"""Checks that warn: columns that probably give the plan away, and rows that nearly equal others.

A check is one function and one line in SUSPICIONS. Only the first check that finds a column reports it.
"""

from collections.abc import Callable, Collection, Sequence

from planrec.checks.evidence import Evidence, Findings
from planrec.checks.suspects.dominant import dominant_column
from planrec.checks.suspects.encoded import encoded_target
from planrec.checks.suspects.missing import missing_as_signal
from planrec.checks.suspects.pairs import pair_of_columns
from planrec.checks.suspects.sample import SuspectSample, sample_of
from planrec.checks.suspects.twins import near_twins
from planrec.checks.suspects.unknowable import unknowable_column
from planrec.commands.advice import typed
from planrec.wording import POSSIBLE_LEAK

SUSPICIONS: dict[str, Callable[[SuspectSample], Findings]] = {
    "unknowable_column": unknowable_column,
    "missing_as_signal": missing_as_signal,
    "encoded_target": encoded_target,
    "pair_of_columns": pair_of_columns,
    "dominant_column": dominant_column,
    "near_twins": near_twins,
}


def warnings_of(evidence: Evidence, reported: Collection[str], dropped: Sequence[str]) -> list[str]:
    """Run every check that warns.

    Args:
        evidence: the labelled decisions and the folds.
        reported: columns in the source that a check has stopped or that are waived.
        dropped: columns that the data drops already.

    Returns:
        One warning per finding, with the override that drops all the columns that were found.
    """
    sample = sample_of(evidence, reported)
    if sample is None:
        return []
    found: list[tuple[str, Findings]] = []
    for name, check in SUSPICIONS.items():
        findings = check(sample)
        found.append((name, findings))
        sample = sample.without(findings.drop)
    columns = [sample.source(column) for _, findings in found for column in findings.drop]
    return [
        f"{POSSIBLE_LEAK}, {name}: {note}{_way_out([*dropped, *columns]) if findings.drop else ''}"
        for name, findings in found
        for note in findings.notes
    ]


def _way_out(columns: Sequence[str]) -> str:
    drop = typed({"data.drop_columns": columns})
    return f"; add {drop} to the command to leave such columns out"
