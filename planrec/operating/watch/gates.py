"""The gates of the production check, each from the data of one source."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from planrec.errors import DataError, LogError, PlanRecError
from planrec.operating.watch.gate import Gate, share_gate
from planrec.operating.watch.monitoring_files import drift_gate, harm_gate
from planrec.operating.watch.server_metrics import ServerCounts, ServerMetrics, metrics_of, read_metrics
from planrec.operating.watch.watch_rules import TRAFFIC, WatchRules
from planrec.operating.watch.watch_state import WatchState
from planrec.runs.read import SavedRun
from planrec.serving.decision_log import LoggedDecision, newest_decisions
from planrec.serving.pin import Pin
from planrec.serving.replay.replayed_answer import replay_with


@dataclass(frozen=True)
class Sources:
    """The places of the data."""

    outputs: Path
    metrics: str
    "URL or file."
    log_url: str | None
    "None: there is no decision log."


def production_gates(
    pin: Pin, saved: SavedRun, rules: WatchRules, sources: Sources, before: WatchState | None
) -> tuple[tuple[Gate, ...], ServerCounts | None]:
    """Apply the gates to the pinned run.

    Returns:
        The gates, and the counters from which the next check counts.
    """
    gates = list[Gate]()
    counts = None if before is None else before.counts
    if set(TRAFFIC) & set(rules.gates):
        traffic, counts = _traffic(saved, rules, sources.metrics, counts)
        gates += traffic
    if "replay" in rules.gates:
        gates.append(_replay_gate(saved, rules, sources.log_url))
    if "drift" in rules.gates:
        gates.append(drift_gate(sources.outputs, pin))
    if "harm" in rules.gates:
        gates.append(harm_gate(sources.outputs, pin, rules.max_harm))
    return tuple(gates), counts


def _traffic(
    saved: SavedRun, rules: WatchRules, place: str, began: ServerCounts | None
) -> tuple[list[Gate], ServerCounts | None]:
    """Return the gates of the server, and the counters at which the next window begins."""
    try:
        found = metrics_of(read_metrics(place), saved.run_id)
    except DataError as error:
        gates = [Gate(name=name, verdict="undecided", detail=str(error)) for name in TRAFFIC]
        return [gate for gate in gates if gate.name in rules.gates], began
    if refusal := _not_served(found, saved.run_id, saved.sha256):
        return [refusal], began
    window = None if began is None else found.counts.since(began)
    gates = [gate for gate in _shares(window, rules) if gate.name in rules.gates]
    is_enough = window is not None and window.requests >= rules.least_requests
    return gates, found.counts if is_enough or began is None else began


def _not_served(found: ServerMetrics, run_id: str, sha256: str) -> Gate | None:
    """Return the gate of a server that does not answer with this run; it may still refuse an earlier pin."""
    if found.refused_pin == sha256:
        return Gate(
            name="served", verdict="failed", detail="the server refuses the pin (planrec_pin_refused)"
        )
    if found.run_id != run_id:
        detail = f"the server answers with {found.run_id}, not yet with {run_id}"
        return Gate(name="served", verdict="undecided", detail=detail)
    return None


def _shares(window: ServerCounts | None, rules: WatchRules) -> Iterator[Gate]:
    if window is None:
        detail = "counted from this first check on"
        yield from (Gate(name=name, verdict="undecided", detail=detail) for name in TRAFFIC)
        return
    least = rules.least_requests
    counted = (window.errors, window.requests)
    yield share_gate("errors", counted, rules.max_errors, least, "requests failed")
    yield share_gate(
        "latency", (window.slow, window.timed), rules.max_slow, least, "answers took over 100 ms"
    )
    counted = (window.abstentions, window.answers)
    yield share_gate("abstentions", counted, rules.max_abstentions, least, "answers gave no advice")


def _replay_gate(saved: SavedRun, rules: WatchRules, log_url: str | None) -> Gate:
    """Compute the newest answers again; those of other PlanRec versions may differ rightly."""
    name, here = "replay", version("planrec")
    try:
        newest = newest_decisions(log_url, saved.sha256, rules.n_replayed) if log_url else []
    except LogError as error:
        return Gate(name=name, verdict="undecided", detail=str(error))
    rows = [row for row in newest if row.version == here]
    if not rows:
        return Gate(name=name, verdict="undecided", detail="the decision log has no answer of this run")
    different = [f"{row.recommendation_id} ({place})" for row in rows if (place := _difference(saved, row))]
    detail = f"{len(different)} of the {len(rows)} newest answers differ when computed again"
    if different:
        return Gate(name=name, verdict="failed", detail=f"{detail}, such as {different[0]}", limit=0)
    return Gate(name=name, verdict="passed", detail=detail, value=0, limit=0)


def _difference(saved: SavedRun, row: LoggedDecision) -> str | None:
    """Return where an answer differs first; its values would outlive a deletion from the log."""
    try:
        differences = replay_with(saved, row).differences
    except (PlanRecError, ValueError, LookupError, TypeError):
        return "it cannot be computed again"
    return differences[0].partition(": logged ")[0] if differences else None
