"""Doubts about the plans that a model learns: other spellings, plans of one subscriber, header words."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from planrec.commands.advice import typed
from planrec.data.reading.column_names import tidy_name
from planrec.wording import counted

FEWEST_ROWS = 20
"Rows of a table from which a plan of one subscriber is worth a note."


def label_notes(label: np.ndarray, owner: np.ndarray, column: str) -> tuple[str, ...]:
    """Report plans that are probably mistakes, each with the fix.

    Args:
        label: shape (n,), object of str: the plan of each row.
        owner: shape (n,): the subscriber of each row.
        column: the column of the plans.

    Examples:
        >>> label_notes(np.array(["Max", "Mini", "max"], object), np.array([1, 2, 3]), "plan")[0]
        "plans 'Max' (1 row), 'max' (1 row) differ only in spelling: type '+data.plan_names={max:Max}'"
    """
    encoded = pa.array(label, pa.string()).dictionary_encode()
    plans, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)
    n_rows = dict(zip(plans, np.bincount(codes).tolist(), strict=True))
    owners = pa.array(owner).dictionary_encode().indices.to_numpy()
    pairs = np.unique(codes * len(label) + owners)
    subscribers = np.bincount(pairs // len(label))
    return (
        *_spelling_notes(n_rows),
        *_header_notes(plans, column),
        *_single_notes([plan for plan, count in zip(plans, subscribers, strict=True) if count == 1], n_rows),
    )


def _spelling_notes(n_rows: dict[str, int]) -> Iterable[str]:
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for plan in n_rows:
        alike[_letters(plan)].append(plan)
    for plans in alike.values():
        if len(plans) > 1:
            usual, *others = sorted(plans, key=lambda plan: -n_rows[plan])
            listed = ", ".join(f"{plan!r} ({counted(n_rows[plan], 'row')})" for plan in (usual, *others))
            yield f"plans {listed} differ only in spelling: type {_renaming(others, usual)}"


def _header_notes(plans: Iterable[str], column: str) -> Iterable[str]:
    for plan in plans:
        if tidy_name(plan).casefold() == column.casefold():
            yield (
                f"plan {plan!r} has the name of its column: if the file repeats its header, delete that row"
            )


def _single_notes(plans: list[str], n_rows: dict[str, int]) -> Iterable[str]:
    if plans and sum(n_rows.values()) >= FEWEST_ROWS:
        listed = ", ".join(f"plan {plan!r} has {counted(n_rows[plan], 'row')}" for plan in plans[:5])
        more = f", and {len(plans) - 5:,} more plans" if len(plans) > 5 else ""
        yield (
            f"{listed}{more} (1 subscriber): it can be learned or judged, but never both;"
            f" delete such rows, or merge the plan with another: type {_renaming(plans[:1], 'OTHER_PLAN')}"
        )


def _letters(plan: str) -> str:
    """Reduce a name to its letters and digits; `Plan+` and `Plan` stay different."""
    return re.sub(r"[\s._/-]+", "", unicodedata.normalize("NFKC", plan).casefold())


def _renaming(plans: Iterable[str], name: str) -> str:
    """Write the override that gives the plans one name."""
    return typed({"+data.plan_names": dict.fromkeys(plans, name)})
