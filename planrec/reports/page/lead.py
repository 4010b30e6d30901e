"""The top of a page about a run: its title, its verdict in one sentence, warnings, and its main figures."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from planrec.metrics import METRICS, MetricValue
from planrec.reports.page.markup import bullets, escape_html, verdict_html
from planrec.reports.page.metric_words import (
    name_of,
    shown,
    shown_apart,
    shown_interval,
    shown_with_unit,
    unit_of,
)
from planrec.runs.manifest import Manifest
from planrec.training.verdict import Outcome, RunVerdict, verdict_of

OUTCOMES: dict[Outcome | None, tuple[str, str]] = {
    "better": ("good", "Better than its best baseline"),
    "worse": ("bad", "Worse than its best baseline"),
    "equal": ("stay", "Equal to its best baseline"),
    "undecided": ("stay", "Not surely different from its best baseline"),
    None: ("stay", "Not compared with a baseline"),
}
"Outcome -> class of the box, and its label: colour alone says nothing."


def run_title(manifest: Manifest) -> str:
    """Return model, data and date of a run."""
    return f"{manifest.model_kind} on {data_name(manifest)}, {date_text(manifest.finished)}"


def data_name(manifest: Manifest) -> str:
    """Return the name of the file of the data, or the kind of data without a file."""
    options = manifest.config["data"]
    return Path(options["path"]).name if "path" in options else str(options["kind"])


def date_text(time: str) -> str:
    """Return the day of a time in words.

    Examples:
        >>> date_text("2026-12-01T09:30:00+00:00")
        '1 December 2026'
    """
    day = datetime.fromisoformat(time)
    return f"{day.day} {day:%B %Y}"


def lead(manifest: Manifest) -> str:
    """Return verdict, warnings and main figures of a run."""
    verdict = verdict_of(manifest)
    return verdict_box(verdict) + warning_box(verdict) + tiles(verdict, manifest.metrics)


def verdict_box(verdict: RunVerdict, which: str = "", note: str = "") -> str:
    """Return the verdict in one sentence.

    Args:
        verdict: the verdict.
        which: words before the outcome, if the page has several runs.
        note: a line below the sentence.
    """
    css_class, label = OUTCOMES[None if verdict.best is None else verdict.best.outcome]
    tag = f"{which}: {label.lower()}" if which else label
    below = f'<p class="note">{escape_html(note)}</p>' if note else ""
    return verdict_html(css_class, tag, verdict.sentence(), below)


def warning_box(verdict: RunVerdict) -> str:
    """Return broken guards and reasons to distrust the figures; an empty string if there are none."""
    if not verdict.warnings:
        return ""
    found = [f"{verdict.model}: {warning}" for warning in verdict.warnings]
    return f'<div class="warning"><p class="tag">Warning</p>{bullets(found)}</div>\n'


def tiles(verdict: RunVerdict, metrics: Sequence[MetricValue]) -> str:
    """Return the main figures, each with its interval and the figure of the best baseline."""
    best = verdict.best
    other = {} if best is None else {v.metric: v for v in metrics if v.model == best.baseline and not v.group}
    shown_tiles = [_tile(value, other.get(value.metric), verdict.currency) for value in verdict.headline]
    return f'<dl class="tiles">{"".join(shown_tiles)}</dl>\n'


def _tile(value: MetricValue, other: MetricValue | None, currency: str | None) -> str:
    limit = METRICS[value.metric].at_most
    is_broken = limit is not None and value.value > limit
    figure, interval = _figures(value, limit)
    lines = [f"95 %: {interval}"] if interval else []
    if other is not None:
        lines.append(f"{other.model}: {shown(value.metric, other.value)}")
    if limit is not None:
        place = _against_limit(value, limit)
        lines.append(f"{place} the limit of {shown_with_unit(value.metric, limit, currency)}")
    details = "".join(f"<dd>{escape_html(line)}</dd>" for line in lines)
    return (
        f"<div{' class=bad' if is_broken else ''}><dt>{escape_html(name_of(value.metric))}</dt>"
        f"<dd><strong>{escape_html(figure)}</strong>"
        f" {escape_html(unit_of(value.metric, currency))}</dd>{details}</div>"
    )


def _figures(value: MetricValue, limit: float | None) -> tuple[str, str]:
    """Write a value and its interval, so that neither looks like the limit if it is not."""
    interval = shown_interval(value.metric, value)
    if limit is None or not interval:
        return shown(value.metric, value.value), interval
    low, high = shown(value.metric, value.low), shown_apart(value.metric, value.high, limit)
    return shown_apart(value.metric, value.value, limit), f"{low} to {high}"


def _against_limit(value: MetricValue, limit: float) -> str:
    """Return whether a value is below a limit; it is surely so only if its whole interval is."""
    if value.value > limit:
        return "above"
    return "within" if value.high <= limit else "not surely within"
