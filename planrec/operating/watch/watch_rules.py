"""The limits of the production check."""

from dataclasses import dataclass

TRAFFIC = ("errors", "latency", "abstentions")
GATES = (*TRAFFIC, "replay", "drift", "harm")
"Names of the gates, from those that decide in minutes to those that decide in weeks."


@dataclass(frozen=True)
class WatchRules:
    """Limits, and the gates that are applied."""

    gates: tuple[str, ...] = GATES
    max_errors: float = 0.01
    "Share of failed requests, in [0, 1]."
    max_slow: float = 0.01
    "Share of answers that take more than 100 ms, in [0, 1]."
    max_abstentions: float = 0.2
    "Share of answers without advice, in [0, 1]."
    max_harm: float = 0.05
    "Share of subscribers whose advice cost them money, in [0, 1]."
    least_requests: int = 100
    "Requests without which errors, latency and abstentions are undecided."
    n_replayed: int = 20
    "Newest answers of the decision log that are computed again."
    days: int = 60
    "Days after a promotion in which a failure rolls back; later it only alarms."
