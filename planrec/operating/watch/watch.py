"""One production check of the pinned run: if it fails, go back to a named earlier run and deny this one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from planrec.errors import BusyError, RunError
from planrec.operating.watch.gate import Gate, overall
from planrec.operating.watch.gates import Sources, production_gates
from planrec.operating.watch.records import (
    ROLLED_BACK,
    Watched,
    announce,
    complete,
    last_rollback,
    record,
)
from planrec.operating.watch.server_metrics import ServerCounts
from planrec.operating.watch.watch_rules import WatchRules
from planrec.operating.watch.watch_state import WatchState, read_state, write_state
from planrec.serving.bundle.signers import Signers
from planrec.serving.denied_runs import Denied, denial_of, deny, read_denied
from planrec.serving.pin import ANY_RUN, Pin, Pinned, as_pinned, current_pin, pinned_run, read_pin
from planrec.serving.recorded_time import recorded_time
from planrec.serving.rollback import rollback

LOCK = ".watch.lock"
BY_WATCH = "planrec watch: "


def watch(
    sources: Sources, rules: WatchRules, *, signers: Signers = ANY_RUN, dry_run: bool = False
) -> Watched:
    """Check the pinned run once, and act on a failure.

    A run that was denied after it was pinned is left at once: an earlier check was killed before it could.

    Args:
        sources: the places of the data.
        rules: the limits.
        signers: the trusted keys, and whether a signature is required.
        dry_run: check, and write nothing.

    Raises:
        BusyError: another check is running.
        RunError: no run is pinned, or the pin was changed in between, and stays.
    """
    outputs = sources.outputs
    with _alone(outputs):
        if not dry_run:
            complete(outputs, sources.log_url)
        pin = read_pin(outputs)
        before = read_state(outputs, pin)
        gates, counts = _checked(pin, rules, sources, before, signers)
        found = Watched(pin, gates, overall(gates))
        if dry_run:
            return found
        if found.verdict == "failed":
            found = _acted(found, rules, outputs, signers)
        record(found, outputs, sources.log_url, before)
        write_state(_state_of(found, counts, outputs), outputs)
    return found


@contextmanager
def _alone(outputs: Path) -> Iterator[None]:
    lock = FileLock(outputs / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"another check is running: it holds {outputs / LOCK}; wait for its end") from None
    except OSError as error:
        raise RunError(f"{outputs / LOCK} cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _checked(
    pin: Pin, rules: WatchRules, sources: Sources, before: WatchState | None, signers: Signers
) -> tuple[tuple[Gate, ...], ServerCounts | None]:
    denial = denial_of(pin.run_json_sha256, sources.outputs)
    if denial and _was_denied_after(denial, pin):
        return (Gate(name="denied", verdict="failed", detail=denial.reason.removeprefix(BY_WATCH)),), None
    try:
        saved = pinned_run(pin, sources.outputs, signers)
    except RunError as error:
        return (Gate(name="served", verdict="failed", detail=str(error).replace("\n", "; ")),), None
    return production_gates(pin, saved, rules, sources, before)


def _was_denied_after(denial: Denied, pin: Pin) -> bool:
    """Return whether a run was denied after it was pinned; before, it was pinned on purpose."""
    return recorded_time(denial.denied_at, f"denied_at of {denial.run}") >= _pinned_at(pin)


def _pinned_at(pin: Pin) -> datetime:
    return recorded_time(pin.pinned_at, f"pinned_at of {pin.run}")


def _acted(found: Watched, rules: WatchRules, outputs: Path, signers: Signers) -> Watched:
    """Deny the run, then go back: a check that is killed in between is completed by the next one."""
    pin = found.pin
    if why := _only_alarms(pin, rules, outputs):
        return Watched(pin, found.gates, found.verdict, "alarm", None, why)
    reason = _reason(found.gates)
    announce(found, outputs, reason)
    deny(as_pinned(pin), outputs, reason)
    problems = []
    for target in _targets(pin, outputs):
        try:
            new = rollback(outputs, reason, to=target.run_json_sha256, expected=pin, signers=signers)
        except RunError as error:
            if current_pin(outputs) != pin:
                raise
            problems.append(error.message)
            continue
        passed_over = "; ".join(problems) or None
        return Watched(pin, found.gates, found.verdict, ROLLED_BACK, new, passed_over)
    return Watched(pin, found.gates, found.verdict, "alarm", None, "; ".join(problems))


def _only_alarms(pin: Pin, rules: WatchRules, outputs: Path) -> str | None:
    """Return why a failure does not roll back, or None."""
    if pin.is_rollback:
        return "a rollback chose this run, so it is probably not the cause: look at the server and the data"
    if not _targets(pin, outputs):
        return "no earlier run that is not denied: pin another run by hand"
    if datetime.now(UTC) - _pinned_at(pin) > timedelta(days=rules.days):
        return f"it was pinned more than {rules.days} days ago: roll back by hand, or retrain"
    return None


def _targets(pin: Pin, outputs: Path) -> list[Pinned]:
    denied = {entry.run_json_sha256 for entry in read_denied(outputs)}
    return [earlier for earlier in pin.earlier if earlier.run_json_sha256 not in denied]


def _reason(gates: tuple[Gate, ...]) -> str:
    failed = "; ".join(f"{gate.name}: {gate.detail}" for gate in gates if gate.verdict == "failed")
    return (BY_WATCH + failed).replace("\n", " ")[:900]


def _state_of(found: Watched, counts: ServerCounts | None, outputs: Path) -> WatchState:
    pin = found.pin
    return WatchState(
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run=pin.run,
        run_json_sha256=pin.run_json_sha256,
        pinned_at=pin.pinned_at,
        verdict=found.verdict,
        gates=found.gates,
        counts=counts,
        rolled_back_at=last_rollback(outputs),
    )
