"""A running server follows the pin: it loads the new run beside the old one, then switches."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from litestar import Litestar
from litestar.datastructures import State

from planrec.errors import PlanRecError
from planrec.files.atomic_write import write_atomically
from planrec.files.json_file import read_object
from planrec.serving.pin import FILE_NAME, Pin, pinned_run, read_pin

from .served_run import ServedRun
from .settings import Limits

SECONDS_BETWEEN_LOOKS = 0.25
Stamp = tuple[int, int, int] | None
log = logging.getLogger("planrec.api.pin")


def stamp_of(outputs: Path) -> Stamp:
    """What changes whenever a file is replaced; None where there is no pin."""
    try:
        found = (outputs / FILE_NAME).stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


class PinFollower:
    """Keeps `state.served` the pinned run, and `state.pin_error` why it is not."""

    def __init__(self, outputs: Path, scratch: Path, limits: Limits) -> None:
        """`scratch`: where workers leave each other the last pin that could be served."""
        self.outputs, self.limits = outputs, limits
        self.good_pin = scratch / "good_pin.json"
        self.seen: Stamp = None

    def first(self) -> tuple[ServedRun, str | None]:
        """What to start with: the pinned run, or, in place of a killed worker, the run of the other workers.

        Raises:
            RunError: there is no such run.
        """
        # Taken before the pin is read: what changes in between is seen by the next look.
        self.seen = stamp_of(self.outputs)
        try:
            return self._load(), None
        except PlanRecError as error:
            if not self.good_pin.is_file():
                raise
            log.error("the pin cannot be served: %s", error)
            good = Pin.model_validate(read_object(self.good_pin))
            return ServedRun.of(pinned_run(good, self.outputs), self.limits), _for_others(error)

    def _load(self) -> ServedRun:
        pin = read_pin(self.outputs)
        served = ServedRun.of(pinned_run(pin, self.outputs), self.limits)
        write_atomically(self.good_pin, pin.model_dump_json(by_alias=True).encode())
        return served

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Follow while the app runs."""
        task = asyncio.create_task(self._follow(app.state))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self, state: State) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            await self.look(state)

    async def look(self, state: State) -> None:
        """Switch if there is a new pin. A bad one is tried once: whoever mends it pins again."""
        stamp = stamp_of(self.outputs)
        if stamp == self.seen:
            return
        self.seen = stamp
        now = state.served.saved.run_id
        try:
            # In a thread: requests are answered meanwhile, by the old run.
            served = await asyncio.to_thread(self._load)
        except Exception as error:  # whatever is wrong with the new run, the old one goes on
            state.pin_error = _for_others(error)
            log.error("the new pin cannot be served, %s answers: %s", now, error, exc_info=_unexpected(error))
            return
        state.served, state.pin_error = served, None
        log.info("the pin changed: %s answers in place of %s", served.saved.run_id, now)


def _unexpected(error: Exception) -> Exception | None:
    return None if isinstance(error, PlanRecError) else error


def _for_others(error: Exception) -> str:
    """The error without the folders of this machine."""
    if not isinstance(error, PlanRecError):
        return "the pinned run cannot be served; the log of the server says why"
    return re.sub(r"/\S*/", ".../", str(error))
