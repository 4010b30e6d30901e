"""Columns that cannot be known when the plan is chosen, by their name or by their dates."""

import re

import numpy as np

from planrec.checks.evidence import Findings
from planrec.checks.suspects.sample import SuspectSample, is_missing

LATER = re.compile(
    r"\b(future|next (month|bill|invoice|period|quarter|year|plan)\w*|upcoming|later|churn(ed)?|cancel\w*"
    r"|terminat(ed|ion)|deactivat\w*|after (switch|change|offer|decision)\w*|outcome)\b"
    r"|^(left|leaving|leave)\b"
)
"Words of names of columns that describe what happened later."
KNOWN = re.compile(r"\b(fee|fees|score|risk|probability|propensity|notice|policy|free)\b")
"Words of names of columns that are known early although they describe something later."
PLANNED = re.compile(r"\b(contract|commitment|expir\w*|valid|until|due|renew\w*|end|ends)\b")
"Words of names of columns with dates that are agreed in advance."
LEAST_LATER = 0.01
"Share of dates after the decision from which a column is a suspect."


def unknowable_column(sample: SuspectSample) -> Findings:
    """Look for columns whose name or dates say that they are not known when the plan is chosen."""
    found = {}
    for name, values in sample.suspects.items():
        reason = _by_name(words_of(sample.source(name))) or _by_date(name, values, sample)
        if reason is not None:
            found[name] = f"column {sample.source(name)!r} {reason}"
    return Findings(notes=tuple(found.values()), drop=tuple(found))


def words_of(name: str) -> str:
    """Return the words of the name of a column, in lower case, separated by blanks.

    >>> words_of("nextMonth_invoice"), words_of("Left-Reason")
    ('next month invoice', 'left reason')
    """
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).lower()


def _by_name(words: str) -> str | None:
    later = LATER.search(words)
    if later is None or KNOWN.search(words):
        return None
    return f"has a name with {later[0]!r}: it may not be known when the plan is chosen"


def _by_date(name: str, values: np.ndarray, sample: SuspectSample) -> str | None:
    as_of = sample.table.as_of
    if as_of is None or values.dtype.kind != "M" or PLANNED.search(words_of(sample.source(name))):
        return None
    is_later = values > as_of.astype("datetime64[s]")
    share = is_later.sum() / max(1, (~is_missing(values)).sum())
    if share < LEAST_LATER:
        return None
    return f"has dates after the decision in {is_later.sum():,} rows ({share:.0%} of its dates)"
