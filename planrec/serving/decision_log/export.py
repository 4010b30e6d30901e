"""All rows of one subscriber, for the subscriber."""

import json
from typing import NamedTuple

from planrec.serving.decision_log.pseudonym import Keys
from planrec.serving.decision_log.search import decisions_of

SCHEMA = "planrec.export/1"


class Export(NamedTuple):
    """The content of a file for one subscriber."""

    number: int
    "Number of answers."
    content: bytes
    "JSON."


def export_of(url: str, subscriber: str, keys: Keys) -> Export:
    """Return the rows of a subscriber, with requests and answers as JSON objects.

    Raises:
        LogError: the log cannot be read, or has no row of the subscriber.
    """
    rows = decisions_of(url, subscriber, keys, event="export")
    answers = [
        row._asdict() | {"request": json.loads(row.request), "answer": json.loads(row.answer)} for row in rows
    ]
    content = {"schema": SCHEMA, "subscriber": subscriber, "answers": answers}
    return Export(len(rows), (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
