"""A running server follows the pin: it loads the new run while the old one answers, then switches."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar

from planrec.errors import PlanRecError
from planrec.files.atomic_write import write_atomically
from planrec.files.json_file import read_object
from planrec.serving.bundle.signers import Signers
from planrec.serving.pin import ANY_RUN, FILE_NAME, Pin, pinned_run, read_pin

from .background_task import background_task
from .refused_pin import RefusedPin
from .served_run import ServedRun
from .settings import Limits
from .state import ServerState, state_of

SECONDS_BETWEEN_CHECKS = 0.25
Stamp = tuple[int, int, int] | None
log = logging.getLogger("planrec.api.pin")


def stamp_of(outputs: Path) -> Stamp:
    """Return a value that changes whenever the pin is replaced; None if there is no pin."""
    try:
        found = (outputs / FILE_NAME).stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


class PinFollower:
    """Updates the served run of a server, or the reason why the pin cannot be served."""

    def __init__(self, outputs: Path, scratch: Path, limits: Limits, signers: Signers = ANY_RUN) -> None:
        """Follow the pin in a folder.

        Args:
            outputs: folder of pinned.json.
            scratch: folder in which workers share the last pin that could be served.
            limits: limits of the requests.
            signers: the keys whose runs are served, and whether a signature is required.
        """
        self.outputs, self.limits, self.signers = outputs, limits, signers
        self.good_pin = scratch / "good_pin.json"
        self.seen: Stamp = None

    def load_first(self) -> tuple[ServedRun, RefusedPin | None]:
        """Return the run to start with, and the pin if it is not the pinned one.

        A worker that replaces a killed one starts with the run of the other workers if the pin cannot be
        served.

        Raises:
            RunError: there is no run to serve.
        """
        # Before the pin is read: a change in between is found by the next check.
        self.seen = stamp_of(self.outputs)
        try:
            return self._load(), None
        except PlanRecError as error:
            if not self.good_pin.is_file():
                raise
            log.error("the pin cannot be served: %s", error)
            good = Pin.model_validate(read_object(self.good_pin))
            refused = RefusedPin.of(error, self.outputs)
            return ServedRun.of(pinned_run(good, self.outputs, self.signers), self.limits), refused

    def _load(self) -> ServedRun:
        pin = read_pin(self.outputs)
        served = ServedRun.of(pinned_run(pin, self.outputs, self.signers), self.limits)
        try:
            write_atomically(self.good_pin, pin.model_dump_json(by_alias=True).encode())
        except (
            OSError
        ) as error:  # a full disk: only replaced workers need the file, and only if the pin is bad
            log.warning("the last good pin cannot be kept: %s", error)
        return served

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Follow the pin while the app runs."""
        async with background_task(self._follow(state_of(app))):
            yield

    async def _follow(self, state: ServerState) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_CHECKS)
            await self.check(state)

    async def check(self, state: ServerState) -> None:
        """Switch to a new pin. A pin that cannot be served is tried once."""
        stamp = stamp_of(self.outputs)
        if stamp == self.seen:
            return
        self.seen = stamp
        before = state.run.saved.run_id
        try:
            # In a thread: the old run answers meanwhile.
            served = await asyncio.to_thread(self._load)
        except Exception as error:  # of any kind: the old run keeps answering
            state.refused_pin = RefusedPin.of(error, self.outputs)
            log.error(
                "the new pin cannot be served, %s answers: %s", before, error, exc_info=_unexpected(error)
            )
            return
        state.served, state.refused_pin = served, None
        log.info("the pin changed: %s answers in place of %s", served.saved.run_id, before)


def _unexpected(error: Exception) -> Exception | None:
    return None if isinstance(error, PlanRecError) else error
