"""Counters of requests and answers since the start of a server."""

from collections.abc import Iterable, Mapping

from ..prometheus import Sample
from .operating_facts import LogFacts, Traffic

PREDICT, PREVIEW, READY = "/predict", "/predict/preview", "/ready"


def traffic_of(samples: Iterable[Sample]) -> Traffic:
    """Count requests and answers.

    Previews are no requests for advice, and a server that is not ready yet has not failed.

    >>> traffic_of([Sample("planrec_requests_total", {"method": "POST", "status": "503"}, 2.0)]).errors
    2
    """
    errors, posts = 0.0, dict[int, float]()
    answers = dict.fromkeys(("recommend", "stay", "abstain"), 0)
    buckets: dict[float, float] = {}
    for sample in samples:
        if sample.name == "planrec_requests_total":
            status, route = int(sample.labels["status"]), sample.labels.get("route")
            errors += sample.value if status >= 500 and route != READY else 0.0
            if sample.labels.get("method") == "POST" and route != PREVIEW:
                posts[status] = posts.get(status, 0.0) + sample.value
        elif sample.name == "planrec_recommendations_total":
            decision = sample.labels["decision"]
            answers[decision] = answers.get(decision, 0) + int(sample.value)
        elif sample.name == "planrec_request_seconds_bucket" and sample.labels.get("route") == PREDICT:
            border = float(sample.labels["le"])
            buckets[border] = buckets.get(border, 0.0) + sample.value
    return Traffic(
        requests=int(sum(posts.values())),
        refused=int(sum(number for status, number in posts.items() if 400 <= status < 499)),
        errors=int(errors),
        answers=answers,
        p50_ms=quantile_ms(buckets, 0.5),
        p99_ms=quantile_ms(buckets, 0.99),
    )


def quantile_ms(buckets: Mapping[float, float], share: float) -> float | None:
    """Interpolate a quantile of times between the borders of a histogram, in milliseconds.

    Args:
        buckets: border in seconds -> times up to it; the last border is infinite.
        share: share of times below the quantile.

    Returns:
        The quantile; None without times. Above the last finite border it is that border.

    >>> quantile_ms({0.01: 50.0, 0.02: 100.0, float("inf"): 100.0}, 0.75)
    15.0
    """
    total = max(buckets.values(), default=0.0)
    if not total:
        return None
    low, below = 0.0, 0.0
    for border, number in sorted(buckets.items()):
        if number >= share * total:
            inside = (share * total - below) / (number - below) if number > below else 0.0
            return 1000 * (low if border == float("inf") else low + inside * (border - low))
        low, below = border, number
    return None


def log_facts(samples: Iterable[Sample], *, is_required: bool) -> LogFacts:
    """Return the rows of the decision log by their outcome."""
    rows = {"written": 0, "dropped": 0, "failed": 0}
    waiting = errors = 0
    for sample in samples:
        if sample.name == "planrec_decision_log_rows":
            rows[sample.labels["outcome"]] = int(sample.value)
        elif sample.name == "planrec_decision_log_queue":
            waiting += int(sample.value)
        elif sample.name == "planrec_decision_log_errors":
            errors += int(sample.value)
    return LogFacts(waiting, rows["written"], rows["dropped"], rows["failed"], errors, is_required)
