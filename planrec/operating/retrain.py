"""Retrain the pinned run on new data, judge the result, and promote it if it passes. Read `retrain` first."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Literal

from planrec.errors import ConfigError, DataError, PlanRecError, RunError
from planrec.evaluation import fresh_decisions, trained_on
from planrec.files.folder_walk import folder_bytes
from planrec.files.hashing import sha256_of_file
from planrec.files.json_file import JsonObject
from planrec.files.shared_file import held_alone
from planrec.operating.candidates import Train, candidates_of
from planrec.operating.evidence import append_evidence
from planrec.operating.intent import left_open, write_intent
from planrec.operating.judgement import Judgement, judge
from planrec.operating.new_data import new_decisions, retrain_config, served_on
from planrec.operating.non_inferiority import Margins
from planrec.operating.pin_log import log_missing, log_pin
from planrec.operating.training_process import train_in_child
from planrec.runs.read import RunRecord, SavedRun
from planrec.serving.bundle.signers import REQUIRED_VARIABLE, Signers
from planrec.serving.pin import ANY_RUN, Pin, pin_name, pinned_run, read_pin
from planrec.serving.pin_run import pin_run
from planrec.serving.recorded_time import recorded_time
from planrec.wording import counted

CLOCKS_DIFFER = timedelta(minutes=5)
"Clocks of two machines may differ by this."
LOCK = ".retrain.lock"
KIND = "retrain"
"Kind of the lines of evidence."
Outcome = Literal["promoted", "would_promote", "nothing_new", "too_soon", "undecided", "refused"]


@dataclass(frozen=True)
class RetrainRules:
    """The rules of a retrain beyond its configuration."""

    margins: Margins = field(default_factory=Margins)
    least_days: int = 7
    "Days that a pin stays before a retrain replaces it."
    accepted_drift: str | None = None
    "The reason for which hard changes of the data are accepted; None: they refuse the retrain."
    least_free_bytes: int = 512 * 1024**2
    "Free space of the disk, beside three times the size of the champion."


@dataclass(frozen=True)
class Retrained:
    """The result of `retrain`."""

    outcome: Outcome
    champion: str
    "The pinned run, relative to the folder of runs."
    challenger: Path | None
    "Folder of the trained run; None if none was trained."
    judgement: Judgement | None
    reasons: tuple[str, ...]
    "Sentences that say why."
    notes: tuple[str, ...] = ()
    "Sentences about checks that were left out."
    log_problem: str | None = None
    "Why the decision log does not have the pin of the challenger; None if it has, or if there is no pin."

    @property
    def exit_code(self) -> int:
        """Return 1 if the challenger was refused, 4 if it is undecided, else 0."""
        return {"refused": 1, "undecided": 4}.get(self.outcome, 0)


def retrain(
    outputs: Path,
    overrides: Sequence[str] = (),
    *,
    promote: bool = False,
    rules: RetrainRules | None = None,
    signers: Signers = ANY_RUN,
    train: Train = train_in_child,
    log_url: str | None = None,
) -> Retrained:
    """Train the champion's config, with overrides, on new data; judge it; pin it if it passes.

    One line of evidence is appended to operations.jsonl each time, also for a retrain that fails. If the last
    call was killed while it promoted a run, its line is appended first.

    Args:
        outputs: folder of runs and of the pin.
        overrides: changes to the champion's config: its data, and perhaps its model or a search.
        promote: whether the challenger is pinned; else the result says only that it passed.
        rules: margins, days between promotions and the like; None for the defaults.
        signers: the trusted keys, and whether a pinned run must be signed.
        train: trains the runs.
        log_url: the decision log, to which the pin is written; None to write it nowhere.

    Raises:
        BusyError: another retrain is running.
        ConfigError: an override is wrong, or `promote` is set though a pinned run must be signed.
        CheckError: a hard change of the data, or a gate of the config, stopped the retrain.
        PlanRecError: the pin, the data, the disk or the training failed. The pin stays the same.
    """
    rules = rules or RetrainRules()
    started = perf_counter()
    with held_alone(outputs / LOCK, KIND):
        about: JsonObject = {"overrides": list(overrides), "dry_run": not promote}
        try:
            _complete(outputs, log_url)
            pin = read_pin(outputs)
            about |= {"champion": _named(pin.run, pin.run_json_sha256)}
            call = _Call(outputs, tuple(overrides), promote, rules, signers, train, log_url)
            found = _retrained(call, pin, about)
        except BaseException as error:
            if not _has_pinned(outputs):
                words = error.message if isinstance(error, PlanRecError) else type(error).__name__
                problems = list(getattr(error, "problems", ()))
                _append(outputs, about, started, outcome="failed", reasons=[words, *problems])
            raise
        _append(outputs, about, started, outcome=found.outcome, reasons=list(found.reasons))
        return found


@dataclass(frozen=True)
class _Call:
    """The arguments of `retrain`."""

    outputs: Path
    overrides: tuple[str, ...]
    promote: bool
    rules: RetrainRules
    signers: Signers
    train: Train
    log_url: str | None


def _retrained(call: _Call, pin: Pin, about: JsonObject) -> Retrained:
    """Retrain under the lock; facts are added to `about` as they become known."""
    _check_may_promote(call)
    if call.promote and (reason := _too_soon(pin, call.rules)):
        return Retrained("too_soon", pin.run, None, None, (reason,))
    champion = pinned_run(pin, call.outputs, call.signers)
    _check_disk(call.outputs, champion, call.rules)
    config = retrain_config(champion, call.overrides)
    new = new_decisions(config, champion, call.rules.accepted_drift)
    about |= {"notes": list(new.notes)}
    frozen = served_on(champion, config, new.table.plans)
    candidates = candidates_of(champion.config, config, new.data_fingerprint, call.outputs)
    about |= {"data_fingerprint": new.data_fingerprint, "accepted_drift": call.rules.accepted_drift}
    try:
        fresh = fresh_decisions(new.table, [trained_on(champion)], None)
    except DataError as error:
        return Retrained("nothing_new", pin.run, None, None, (error.message, *error.problems))
    if denied := candidates.denied():
        return Retrained("refused", pin.run, None, None, (denied,))
    challenger, refitted = candidates.trained(call.train, call.overrides)
    about |= {"challenger": _named_run(challenger, call.outputs)}
    about |= {} if refitted is None else {"refitted": _named_run(refitted, call.outputs)}
    judgement = judge(challenger, refitted, frozen, new.table, fresh.rows, config, call.rules.margins)
    return replace(_decided(call, pin, challenger, judgement, about), notes=new.notes)


def _decided(
    call: _Call, pin: Pin, challenger: RunRecord, judgement: Judgement | None, about: JsonObject
) -> Retrained:
    """Apply the gates, and pin the challenger if it passes."""
    if judgement is None:
        reason = "the splitter tests no decision after the training of the champion: give later months"
        return Retrained("undecided", pin.run, challenger.folder, None, (reason,))
    about |= {"judgement": judgement.as_json()}
    reasons = tuple(map(str, judgement.gates))
    if judgement.outcome != "passed":
        return Retrained(judgement.outcome, pin.run, challenger.folder, judgement, reasons)
    if not call.promote:
        return Retrained("would_promote", pin.run, challenger.folder, judgement, reasons)
    reason = f"planrec retrain: not worse than {pin.run} by more than the margins"
    write_intent(call.outputs, KIND, about, reason)
    new = pin_run(challenger.folder, call.outputs, reason, expected=pin, signers=call.signers)
    logged = log_pin(call.log_url, new, is_rollback=False)
    about |= logged.evidence
    return Retrained("promoted", pin.run, challenger.folder, judgement, reasons, log_problem=logged.problem)


def _complete(outputs: Path, log_url: str | None) -> None:
    """Append the line of evidence of a retrain that was killed while it promoted its challenger."""
    log_missing(outputs, log_url)
    left = left_open(outputs, KIND)
    if left is None:
        return
    logged = log_pin(log_url, left.pinned, is_rollback=left.is_rollback)
    outcome = "failed" if left.pinned is None else "pinned_by_hand" if left.is_by_hand else "promoted"
    about = {"outcome": outcome, "reasons": [left.explanation], **left.content, **logged.evidence}
    append_evidence(outputs, KIND, about)


def _has_pinned(outputs: Path) -> bool:
    """Return whether a challenger was pinned and its evidence is missing: the next call writes it."""
    left = left_open(outputs, KIND)
    return left is not None and left.pinned is not None


def _check_may_promote(call: _Call) -> None:
    """Check before any training that the challenger could be pinned: its folder has no signature."""
    if call.promote and call.signers.are_required:
        raise ConfigError(
            f"{REQUIRED_VARIABLE} is true, so only a signed bundle can be pinned, and a retrain signs none:"
            " leave out --promote; if the challenger passes, the output has the commands that sign and pin it"
        )


def _too_soon(pin: Pin, rules: RetrainRules) -> str | None:
    """Return why the pin may not be replaced yet, or None. Raises RunError if its time cannot be read."""
    pinned_at, now = recorded_time(pin.pinned_at, f"pinned_at of {pin.run}"), datetime.now(UTC)
    until = pinned_at + timedelta(days=rules.least_days)
    if pinned_at > now + CLOCKS_DIFFER:
        return f"{pin.run} was pinned in the future, at {pin.pinned_at}: correct the clock, or pin it again"
    if now >= until:
        return None
    return (
        f"{pin.run} was pinned at {pin.pinned_at}, and {counted(rules.least_days, 'day')} must pass before a"
        f" retrain replaces it: from {until.isoformat(timespec='seconds')} on, or with --min-days 0"
    )


def _check_disk(outputs: Path, champion: SavedRun, rules: RetrainRules) -> None:
    needed = rules.least_free_bytes + 3 * folder_bytes(champion.folder)
    free = shutil.disk_usage(outputs).free
    if free < needed:
        raise RunError(
            f"the disk of {outputs} must have {needed / 1024**2:,.0f} MiB free for a retrain, it has"
            f" {free / 1024**2:,.0f} MiB: remove runs that are not needed"
        )


def _named(run: str, sha256: str) -> JsonObject:
    return {"run": run, "run_json_sha256": sha256}


def _named_run(run: RunRecord, outputs: Path) -> JsonObject:
    return _named(pin_name(run.folder, outputs), sha256_of_file(run.folder / "run.json"))


def _append(outputs: Path, about: JsonObject, started: float, **ended: object) -> None:
    append_evidence(outputs, KIND, {**ended, **about, "seconds": round(perf_counter() - started, 1)})
