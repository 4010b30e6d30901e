"""All rows of one subscriber, for the subscriber."""

import json
from typing import NamedTuple

from planrec.serving.decision_log.pseudonym import Keys
from planrec.serving.decision_log.search import decisions_of, outcomes_of

SCHEMA = "planrec.export/1"


class Export(NamedTuple):
    """The content of a file for one subscriber."""

    n_answers: int
    n_outcomes: int
    content: bytes
    "JSON."


def export_of(url: str, subscriber: str, keys: Keys) -> Export:
    """Return the answers to a subscriber and their outcomes; texts that are JSON become JSON objects.

    Raises:
        LogError: the log cannot be read, or has no row of the subscriber.
    """
    rows = decisions_of(url, subscriber, keys, event="export")
    answers = [
        row._asdict() | {"request": json.loads(row.request), "answer": json.loads(row.answer)} for row in rows
    ]
    outcomes = [
        row._asdict() | {"content": json.loads(row.content)} for row in outcomes_of(url, subscriber, keys)
    ]
    content = {"schema": SCHEMA, "subscriber": subscriber, "answers": answers, "outcomes": outcomes}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return Export(len(answers), len(outcomes), text.encode())
