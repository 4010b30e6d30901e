"""A run as text for a console and as HTML for a notebook: the same verdict, figures and warnings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from planrec.metrics import MetricValue
from planrec.reports.page.markup import TableCell, bullets, escape_html, plain_table
from planrec.runs.manifest import Manifest
from planrec.training.run_terminal import cell_text
from planrec.training.verdict import verdict_of
from planrec.training.verdict_table import short_title

MOST_LINES = 5
"Warnings and notes that are shown; `run.verdict.warnings` and `run.manifest.notes` have all."


def text_of_run(manifest: Manifest, folder: Path) -> str:
    """Return a few lines: verdict, metrics of the headline, warnings and the folder."""
    verdict = verdict_of(manifest)
    return "\n".join(
        [
            verdict.sentence(),
            *(f"  {short_title(value.metric):16} {cell_text(value)}" for value in verdict.headline),
            *(f"  warning: {warning}" for warning in _first(verdict.warnings)),
            *(f"  note: {note}" for note in _first(manifest.notes)),
            f"  {folder}",
        ]
    )


def html_of_run(manifest: Manifest, folder: Path) -> str:
    """Return the same lines as HTML."""
    verdict = verdict_of(manifest)
    best = verdict.best
    others = [verdict.model] if best is None else [verdict.model, best.baseline]
    return (
        f"<p><strong>{escape_html(verdict.sentence())}</strong></p>\n"
        + plain_table(
            f"95 % intervals over subscribers, {_decisions(verdict.headline[0])}",
            ["metric", *others],
            [
                (short_title(value.metric), [_cell(manifest, value, model) for model in others])
                for value in verdict.headline
            ],
        )
        + _listed("Warnings", verdict.warnings)
        + _listed("Notes", manifest.notes)
        + f"<p><code>{escape_html(folder)}</code></p>\n"
    )


def _listed(title: str, lines: Sequence[str]) -> str:
    return f"<p><strong>{title}</strong></p>{bullets(list(_first(lines)))}" if lines else ""


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if more := lines[MOST_LINES:]:
        yield f"and {len(more)} more"


def _decisions(value: MetricValue) -> str:
    return f"{value.n_decisions:,} decisions of {value.n_subscribers:,} subscribers"


def _cell(manifest: Manifest, value: MetricValue, model: str) -> TableCell:
    return TableCell(cell_text(manifest.values_of(model).get(value.metric)))
