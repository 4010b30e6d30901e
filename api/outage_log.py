"""Failures that cost no answer, such as a full disk: logged once per outage and not once per request."""

import logging
from time import monotonic

QUIET_SECONDS = 60.0
"A failure is logged if none came before it in this time."


class OutageLog:
    """The log of one kind of failure. Some attempts may succeed during an outage."""

    def __init__(self, log: logging.Logger, message: str) -> None:
        """Log `message` and the error, as an error."""
        self._log, self._message = log, message
        self._failed = -QUIET_SECONDS

    def report(self, error: Exception) -> None:
        """Log a failure unless one was reported a short time ago."""
        if monotonic() - self._failed >= QUIET_SECONDS:
            self._log.error("%s: %s", self._message, error)
        self._failed = monotonic()
