"""Outcomes that clients send: written to the database of the decision log, off the event loop."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from litestar.exceptions import HTTPException

from planrec.errors import LogError
from planrec.monitoring.outcomes import AdvisingRuns, Outcome, Received, receive

log = logging.getLogger("planrec.api")


@dataclass(frozen=True)
class OutcomeStore:
    """The place of the outcomes of one server."""

    url: str
    "The decision log."
    key_file: Path
    runs: AdvisingRuns
    "The runs that advised: each is read once."

    def store(self, outcomes: Sequence[Outcome]) -> Received:
        """Write outcomes to the disk, from a thread that may wait.

        Raises:
            HTTPException: 503, if the log cannot be written.
        """
        try:
            return receive(self.url, self.runs, self.key_file, outcomes)
        except LogError as error:
            log.error("outcomes were not stored: %s", error.message)
            detail = "the outcomes cannot be stored now: send them again later"
            raise HTTPException(status_code=503, detail=detail) from None
