"""The counters of a running server, read from the text that Prometheus reads."""

import re
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

from planrec.errors import ConfigError, DataError
from planrec.schema.config_model import Config

DEFAULT_PLACE = "http://127.0.0.1:8000/metrics"
SECONDS = 10.0
MOST_BYTES = 32_000_000
MOST_AGE = 600.0
"Seconds since a file of metrics was written; counters of an earlier pin would judge this one."
SLOW_FROM = "0.1"
"Seconds; a border of the server's histogram, so that counting needs no interpolation."
ROUTE = "/predict"
_LINE = re.compile(r"^(planrec_\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class ServerCounts(Config):
    """Counters since the start of the server."""

    requests: int
    "POST requests that got an answer."
    errors: int
    "Those with a status of 500 or more."
    timed: int
    "Single requests whose time was measured."
    slow: int
    "Those that took more than 100 ms."
    answers: int
    "Answers of the watched run."
    abstentions: int

    def since(self, before: "ServerCounts") -> "ServerCounts":
        """Return the increments; if a counter fell, the server was restarted, and began at zero.

        >>> new = ServerCounts(requests=5, errors=1, timed=5, slow=0, answers=5, abstentions=0)
        >>> new.since(new.model_copy(update={"requests": 3, "errors": 0})).requests
        2
        >>> new.since(new.model_copy(update={"requests": 30})).requests
        5
        """
        fields = type(self).model_fields
        if any(getattr(self, name) < getattr(before, name) for name in fields):
            return self
        return ServerCounts(**{name: getattr(self, name) - getattr(before, name) for name in fields})


class _Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float


class ServerMetrics(NamedTuple):
    """The facts of one reading."""

    counts: ServerCounts
    run_id: str | None
    "The run that answers."
    refused_pin: str | None
    "Hash of run.json of the pin that the server refuses, empty if it is not readable; None: it refuses none."


def read_metrics(place: str) -> str:
    """Return the text of a URL, or of a file that another program wrote.

    Raises:
        ConfigError: the place is a URL of another kind, or has a password.
        DataError: nothing answers there, it is too large, or the file is old.
    """
    if "://" not in place:
        return _text_of(Path(place))
    if not re.match(r"https?://[^/@]+(/|$)", place):
        raise ConfigError(f"metrics must be a file or a URL such as {DEFAULT_PLACE}, without a user")
    # No proxy, no other address: the server is on this machine or in its network.
    opener = build_opener(ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(place, timeout=SECONDS) as response:
            content: bytes = response.read(MOST_BYTES + 1)
    except (OSError, URLError, ValueError) as error:
        raise DataError(f"no metrics at {place}: {error}") from error
    if len(content) > MOST_BYTES:
        raise DataError(f"the metrics at {place} have more than {MOST_BYTES:,} bytes")
    return content.decode("utf-8", "replace")


def _text_of(file: Path) -> str:
    """Return the text of a file that was written a moment ago. Raises DataError."""
    try:
        age = time() - file.stat().st_mtime
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the metrics cannot be read from {file}: {error}") from error
    if age > MOST_AGE:
        raise DataError(
            f"{file} must be at most {MOST_AGE / 60:g} minutes old, and is {age / 60:,.0f}: fetch them again"
        )
    return text


class _NoRedirect(HTTPRedirectHandler):
    """Treats a redirect as an error."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def metrics_of(text: str, run_id: str) -> ServerMetrics:
    """Count in a text of metrics.

    Args:
        text: the format of Prometheus.
        run_id: the run whose answers are counted.

    Raises:
        DataError: the text has no metrics of PlanRec.

    Examples:
        >>> text = 'planrec_requests_total{method="POST",route="/predict",status="500"} 2.0'
        >>> metrics_of(text, "2030-01-31/a").counts.errors
        2
    """
    samples = list(_samples(text))
    if not samples:
        raise DataError("the text has no metrics of PlanRec: is this the address of its server?")
    runs = [sample.labels.get("run_id") for sample in samples if sample.name == "planrec_run_info"]
    refused = [
        sample.labels.get("run_json_sha256", "")
        for sample in samples
        if sample.name == "planrec_pin_refused" and sample.value
    ]
    return ServerMetrics(_counts(samples, run_id), runs[0] if runs else None, refused[0] if refused else None)


def _counts(samples: list[_Sample], run_id: str) -> ServerCounts:
    def total(name: str, **labels: str) -> int:
        wanted = labels.items()
        return int(sum(s.value for s in samples if s.name == name and wanted <= s.labels.items()))

    posts = [s for s in samples if s.name == "planrec_requests_total" and s.labels.get("method") == "POST"]
    timed = total("planrec_request_seconds_count", route=ROUTE)
    fast = total("planrec_request_seconds_bucket", route=ROUTE, le=SLOW_FROM)
    return ServerCounts(
        requests=int(sum(sample.value for sample in posts if sample.labels.get("status") != "499")),
        errors=int(sum(sample.value for sample in posts if sample.labels.get("status", "").startswith("5"))),
        timed=timed,
        slow=timed - fast,
        answers=total("planrec_recommendations_total", run_id=run_id),
        abstentions=total("planrec_recommendations_total", run_id=run_id, decision="abstain"),
    )


def _samples(text: str) -> Iterator[_Sample]:
    for line in text.splitlines():
        if found := _LINE.match(line):
            try:
                yield _Sample(found[1], dict(_LABEL.findall(found[2] or "")), float(found[3]))
            except ValueError:
                continue
