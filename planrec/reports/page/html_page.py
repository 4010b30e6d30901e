"""The whole page: head, table of contents, comparison, a section per run."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from planrec.metrics import METRICS
from planrec.reports.page.markup import TableCell, escape_html, paragraph, table
from planrec.reports.page.requested_runs import RequestedRuns
from planrec.reports.page.run_section import section
from planrec.reports.page.run_view import read_run_view
from planrec.reports.page.side_by_side import comparison

STYLE = Path(__file__).with_name("style.css")


MOST_SECTIONS = 10
"Runs with a section of their own; the overview lists all runs."


def report_page(requested: RequestedRuns, more: str = "") -> str:
    """Write one HTML page: a section for each of the best runs, and an overview if there are several runs.

    Equal runs give equal text. The page loads nothing: its content security policy allows its own style
    sheet, by hash, and neither scripts nor addresses.

    Args:
        requested: the runs.
        more: HTML of further sections, which come last.

    Returns:
        The HTML.

    Raises:
        RunError: a run with a section cannot be read.
    """
    shown = requested.runs[:MOST_SECTIONS]
    title = "PlanRec report: " + (
        shown[0].name if len(requested.runs) == 1 else f"{len(requested.runs)} runs"
    )
    parts = []
    if len(requested.runs) > 1 or requested.failed:
        parts += [
            _contents(requested),
            comparison(requested) if len(requested.runs) > 1 else "",
            _failures(requested.failed),
        ]
    for position, run in enumerate(shown, start=1):
        name = f"run-{position}"
        parts += [f'<section id="{name}">\n<h2>{escape_html(_title_of(requested, position))}</h2>\n']
        # One at a time: a model may be large.
        parts += [*section(read_run_view(run.folder), name), "</section>\n"]
    return html_document(title, [*parts, more])


def html_document(title: str, parts: Iterable[str]) -> str:
    """Return a page of these parts, which are HTML. It loads nothing, and has the style of all reports."""
    style = STYLE.read_text("utf-8")
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    head = [_head(title, style, allowed), f"<h1>{escape_html(title)}</h1>\n"]
    return "".join([*head, *parts, "</main>\n</body>\n</html>\n"])


def _head(title: str, style: str, allowed: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy"'
        f" content=\"default-src 'none'; style-src 'sha256-{allowed}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_html(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
    )


def _title_of(requested: RequestedRuns, position: int) -> str:
    """Return the options in which the run differs; for a single run, its model and name."""
    run = requested.runs[position - 1]
    if len(requested.runs) > 1:
        return f"{position} {run.label}"
    return f"{run.manifest.model_kind} for target={run.manifest.kind('target')}, run {run.name}"


def _contents(requested: RequestedRuns) -> str:
    positions = range(1, len(requested.runs[:MOST_SECTIONS]) + 1)
    links = [
        f'<li><a href="#run-{position}">{escape_html(_title_of(requested, position))}</a></li>'
        for position in positions
    ]
    left = len(requested.runs) - len(positions)
    which = "best" if METRICS[requested.metric].higher_is_better is not None else "first"
    more = f"The {which} {len(positions)} of {len(requested.runs)} runs have a section each." if left else ""
    nav = f'<nav aria-label="Runs"><ul>{"".join(links)}</ul></nav>\n'
    return nav + (paragraph(more) if more else "")


def _failures(failed: Sequence[tuple[str, str]]) -> str:
    if not failed:
        return ""
    rows = [(name, [TableCell(error, css_class="words")]) for name, error in failed]
    return "<h2>Failed</h2>\n" + table(
        "Cells and runs that failed, with the error", ["requested", "error"], rows
    )
