"""The whole page: head, table of contents, comparison, a section per run."""

from collections.abc import Iterator, Sequence

from planrec.metrics import METRICS
from planrec.reports.page.document import document
from planrec.reports.page.markup import TableCell, escape_html, paragraph, table
from planrec.reports.page.requested_runs import RequestedRuns
from planrec.reports.page.run_section import section
from planrec.reports.page.run_view import read_run_view
from planrec.reports.page.side_by_side import comparison

MOST_SECTIONS = 10
"Runs with a section of their own; the overview lists all runs."


def report_page(requested: RequestedRuns) -> str:
    """Write one HTML page: a section for each of the best runs, and an overview if there are several runs.

    Equal runs give equal text. The page loads nothing: its content security policy allows its own style
    sheet, by hash, and neither scripts nor addresses.

    Returns:
        The HTML.

    Raises:
        RunError: a run with a section cannot be read.
    """
    title = "PlanRec report: " + (
        requested.runs[0].name if len(requested.runs) == 1 else f"{len(requested.runs)} runs"
    )
    return document(title, _parts(requested))


def _parts(requested: RequestedRuns) -> Iterator[str]:
    """Yield the overview and the sections."""
    if len(requested.runs) > 1 or requested.failed:
        yield _contents(requested)
        yield comparison(requested) if len(requested.runs) > 1 else ""
        yield _failures(requested.failed)
    for position, run in enumerate(requested.runs[:MOST_SECTIONS], start=1):
        name = f"run-{position}"
        yield f'<section id="{name}">\n<h2>{escape_html(_title_of(requested, position))}</h2>\n'
        # One at a time: a model may be large.
        yield from section(read_run_view(run.folder), name)
        yield "</section>\n"


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
