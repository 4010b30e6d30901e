"""One production check of the pinned run: if it fails, go back to a named earlier run and deny this one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from planrec.errors import RunError
from planrec.files.shared_file import held_alone
from planrec.operating.watch.gate import Gate, overall
from planrec.operating.watch.gates import Sources, production_gates
from planrec.operating.watch.records import (
    ROLLED_BACK,
    Watched,
    announce,
    complete,
    last_rollback,
    record,
    record_alarm,
)
from planrec.operating.watch.server_metrics import ServerCounts
from planrec.operating.watch.watch_rules import WatchRules
from planrec.operating.watch.watch_state import WatchState, read_state, write_state
from planrec.serving.bundle.signers import Signers
from planrec.serving.denied_runs import FILE_NAME as DENIED_FILE
from planrec.serving.denied_runs import Denied, denial_of, deny, read_denied
from planrec.serving.pin import ANY_RUN, Pin, Pinned, as_pinned, pinned_run, read_pin
from planrec.serving.recorded_time import recorded_time
from planrec.serving.rollback import rollback

LOCK = ".watch.lock"
BY_WATCH = "planrec watch: "
DENY_LIST = "deny_list"
"Gate that fails if the deny list cannot be read."


def watch(
    sources: Sources, rules: WatchRules, *, signers: Signers = ANY_RUN, dry_run: bool = False
) -> Watched:
    """Check the pinned run once, and act on a failure.

    A run that was denied after it was pinned is left at once: an earlier check was killed before it could. If
    the deny list cannot be read, the other gates are applied, and the check fails: nothing can be pinned.

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
    with held_alone(outputs / LOCK, "check"):
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


def _checked(
    pin: Pin, rules: WatchRules, sources: Sources, before: WatchState | None, signers: Signers
) -> tuple[tuple[Gate, ...], ServerCounts | None]:
    damaged = tuple(_damaged_list(sources.outputs))
    denial = None if damaged else denial_of(pin.run_json_sha256, sources.outputs)
    if denial and _was_denied_after(denial, pin):
        return (Gate(name="denied", verdict="failed", detail=denial.reason.removeprefix(BY_WATCH)),), None
    try:
        saved = pinned_run(pin, sources.outputs, signers)
    except RunError as error:
        return (*damaged, _failed("served", error)), None
    gates, counts = production_gates(pin, saved, rules, sources, before)
    return (*damaged, *gates), counts


def _damaged_list(outputs: Path) -> Iterator[Gate]:
    """Yield a failed gate if the deny list cannot be read."""
    try:
        read_denied(outputs)
    except RunError as error:
        yield _failed(DENY_LIST, error)


def _failed(name: str, error: RunError) -> Gate:
    return Gate(name=name, verdict="failed", detail=str(error).replace("\n", "; "))


def _was_denied_after(denial: Denied, pin: Pin) -> bool:
    """Return whether a run was denied after it was pinned; before, it was pinned on purpose."""
    return recorded_time(denial.denied_at, f"denied_at of {denial.run}") >= _pinned_at(pin)


def _pinned_at(pin: Pin) -> datetime:
    return recorded_time(pin.pinned_at, f"pinned_at of {pin.run}")


def _acted(found: Watched, rules: WatchRules, outputs: Path, signers: Signers) -> Watched:
    """Deny the run, then go back: a check that is killed in between is completed by the next one."""
    pin = found.pin
    if why := _only_alarms(found, rules, outputs):
        return Watched(pin, found.gates, found.verdict, "alarm", None, why)
    reason = _reason(found.gates)
    target, problems = _servable_target(pin, outputs, signers)
    if target is None:
        deny(as_pinned(pin), outputs, reason)
        return Watched(pin, found.gates, found.verdict, "alarm", None, problems)
    announce(found, outputs, reason)
    try:
        deny(as_pinned(pin), outputs, reason)
        new = rollback(outputs, reason, to=target, expected=pin, signers=signers)
    except RunError as error:
        record_alarm(found, outputs, error)
        raise
    return Watched(pin, found.gates, found.verdict, ROLLED_BACK, new, problems)


def _servable_target(pin: Pin, outputs: Path, signers: Signers) -> tuple[str | None, str | None]:
    """Return the hash of the first target that can be served, and why others were passed over."""
    problems: list[str] = []
    for target in _targets(pin, outputs):
        sha256 = target.run_json_sha256
        try:
            rollback(outputs, to=sha256, expected=pin, signers=signers, dry_run=True)
        except RunError as error:
            problems.append(error.message)
            continue
        return sha256, "; ".join(problems) or None
    return None, "; ".join(problems)


def _only_alarms(found: Watched, rules: WatchRules, outputs: Path) -> str | None:
    """Return why a failure does not roll back, or None."""
    pin = found.pin
    if any(gate.name == DENY_LIST for gate in found.gates):
        return f"nothing is denied or pinned as long as {DENIED_FILE} cannot be read"
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
