"""Go back to a run that was pinned before."""

from pathlib import Path

from planrec.commands.advice import command_line
from planrec.errors import RunError
from planrec.serving.bundle.signers import Signers
from planrec.serving.denied_runs import check_not_denied
from planrec.serving.pin import (
    ANY_RUN,
    FILE_NAME,
    Pin,
    Pinned,
    as_pinned,
    chosen_now,
    pin_with_history,
    pinned_run,
    read_pin,
)
from planrec.serving.pin_writing import write_pin


def rollback(
    outputs: Path,
    reason: str | None = None,
    *,
    to: str | None = None,
    expected: Pin | None = None,
    allow_denied: bool = False,
    signers: Signers = ANY_RUN,
    dry_run: bool = False,
) -> Pin:
    """Pin a run that was pinned before; each call without `to` goes one step further back.

    The run that is left, and those between it and the target, move to `rolled_back`.

    Args:
        outputs: folder of pinned.json.
        reason: why, for those who ask later.
        to: the target, by its name in the pin or the hash of its run.json; None: one step.
        expected: the pin that must still be there; None: the one that is there when the call begins.
        allow_denied: whether the target may be on the deny list.
        signers: the trusted keys, and whether a signature is required.
        dry_run: check everything and write nothing.

    Raises:
        RunError: the target was not pinned before, is denied, or cannot be served any more; or the pin was
            changed in between. The pin stays the same then.
    """
    now = expected or read_pin(outputs)
    steps = _steps(now, to, outputs)
    target = now.earlier[steps - 1]
    try:
        pinned_run(target, outputs, signers)
        if not allow_denied:
            check_not_denied(target.run_json_sha256, outputs)
    except RunError as error:
        raise RunError(error.message, [*error.problems, _other_target(now, target, outputs)]) from error
    pin = _after(now, steps, chosen_now(target.run, target.run_json_sha256, reason))
    if not dry_run:
        write_pin(pin, outputs, now, allow_denied=allow_denied)
    return pin


def _steps(now: Pin, to: str | None, outputs: Path) -> int:
    """Return how many steps back the target is. Raises RunError."""
    if not now.earlier:
        raise RunError(
            f"{outputs / FILE_NAME}: no run was pinned before {now.run}, so the pin cannot go back"
        )
    if to is None:
        return 1
    for step, earlier in enumerate(now.earlier, 1):
        if to in (earlier.run, earlier.run_json_sha256):
            return step
    raise RunError(
        f"{outputs / FILE_NAME}: {to} was not pinned before {now.run}; the runs before it, the newest first:"
        f" {', '.join(run.run for run in now.earlier)}. To pin any other run, type"
        f" {command_line('pin', 'RUN', outputs=outputs)}"
    )


def _other_target(now: Pin, target: Pinned, outputs: Path) -> str:
    """Name the command that goes back to another run than a target that cannot be pinned."""
    others = [run.run for run in now.earlier if run != target]
    if not others:
        return f"no other run was pinned before {now.run}"
    command = command_line("pin", "--rollback", "--to", others[0], outputs=outputs)
    return f"to go back to another run, type {command}"


def _after(now: Pin, steps: int, chosen: Pinned) -> Pin:
    left = [as_pinned(now), *now.earlier[: steps - 1]]
    pin = pin_with_history(chosen, now.earlier[steps:], [*left, *now.rolled_back])
    return pin.model_copy(update={"is_rollback": True})
