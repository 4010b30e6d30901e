"""The page about runs: verdict and figures of one run, or the ranking of many and a section for the best."""

from collections.abc import Iterator, Sequence

from planrec.reports.page.html_page import html_document
from planrec.reports.page.lead import data_name, date_text, lead, run_title, verdict_box, warning_box
from planrec.reports.page.markup import TableCell, escape_html, paragraph, table
from planrec.reports.page.requested_runs import RequestedRun, RequestedRuns
from planrec.reports.page.run_section import section
from planrec.reports.page.run_view import read_run_view
from planrec.reports.page.side_by_side import comparison
from planrec.training.verdict import verdict_of

MOST_SECTIONS = 10
"Runs with a section of their own; the ranking lists all runs."


def report_page(requested: RequestedRuns, more: str = "") -> str:
    """Write one HTML page: one run, or a ranking and a folded section for each of the best runs.

    Equal runs give equal text.

    Args:
        requested: the runs.
        more: HTML of further sections, which come last.

    Returns:
        The HTML.

    Raises:
        RunError: a run with a section cannot be read.
    """
    runs = requested.runs
    if len(runs) > 1:
        return html_document(_title_of_many(runs), [*_ranking(requested), *_failures(requested.failed), more])
    (only,) = runs
    parts = [lead(only.manifest), *section(read_run_view(only.folder), "run-1", level=2)]
    return html_document(run_title(only.manifest), [*parts, *_failures(requested.failed), more])


def _title_of_many(runs: Sequence[RequestedRun]) -> str:
    data = sorted({data_name(run.manifest) for run in runs})
    newest = max(run.manifest.finished for run in runs)
    return f"{len(runs)} runs on {' and '.join(data)}, {date_text(newest)}"


def _ranking(requested: RequestedRuns) -> Iterator[str]:
    """Yield the verdict of the best run, the ranking, and the sections."""
    best, shown = requested.runs[0], requested.runs[:MOST_SECTIONS]
    verdict = verdict_of(best.manifest)
    which = "best" if requested.are_ranked else "first"
    yield verdict_box(verdict, f"The {which} of {len(requested.runs)} runs", best.label)
    yield warning_box(verdict)
    yield f'<section class="card">\n<h2>Ranking</h2>\n{comparison(requested, len(shown))}</section>\n'
    yield "<h2>Runs</h2>\n"
    if len(shown) < len(requested.runs):
        yield paragraph(f"The {which} {len(shown)} of {len(requested.runs)} runs have a section each.")
    for position, run in enumerate(shown, start=1):
        yield from _folded(run, position)


def _folded(run: RequestedRun, position: int) -> Iterator[str]:
    """Yield the section of one run. A link to it unfolds it."""
    name = f"run-{position}"
    title = escape_html(f"{position} {run.label}")
    yield f'<details class="run"><summary><h3>{title}</h3></summary>\n'
    yield f'<section id="{name}" aria-label="{title}">\n'
    # One at a time: a model may be large.
    yield lead(run.manifest)
    yield from section(read_run_view(run.folder), name, level=4)
    yield "</section></details>\n"


def _failures(failed: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not failed:
        return
    rows = [(name, [TableCell(error, css_class="words")]) for name, error in failed]
    caption = "Cells and runs that failed, with the error"
    yield f"<h2>Failed</h2>\n{table(caption, ['requested', 'error'], rows)}"
