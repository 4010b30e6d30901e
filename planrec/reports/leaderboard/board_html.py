"""Board as one HTML file without scripts and without links to other files; it can be printed."""

from collections.abc import Iterator, Sequence

from planrec.reports.leaderboard.board import Board, BoardTable
from planrec.reports.leaderboard.board_cells import (
    COSTS,
    FAILED,
    FAILED_TITLE,
    cost_cells,
    difference_text,
    failure_cells,
    footnotes,
    rank_text,
)
from planrec.reports.leaderboard.board_rows import BoardRow
from planrec.reports.page.charts import PLOT, value_cell, value_head, value_in_unit
from planrec.reports.page.guard_marks import guard_lines, guarded_cell
from planrec.reports.page.html_page import html_document
from planrec.reports.page.lead import data_name
from planrec.reports.page.markup import (
    TableCell,
    TableHead,
    bullets,
    escape_html,
    fold,
    paragraph,
    plain_table,
    table,
    terms,
)
from planrec.reports.page.metric_words import (
    axis_of,
    short_name_of,
    unit_and_direction,
)
from planrec.reports.page.plots import axis_plot, interval_plot
from planrec.reports.page.scale import Scale, scale_of

BESIDE = ("savings_captured", "harm_rate")
"Metrics beside the ranking one, if they were measured; all others are folded."
TARGETS = {"best_bill": "The cheapest plan", "held": "The plan held", "choice": "The plan chosen"}
ALL_FIGURES = "All metrics, times and sizes"
HOW_TO_READ = (
    "Values are out of fold, with 95 % intervals by bootstrap over subscribers. Differences are paired: both"
    " rows use the same draws. If an interval excludes 0, the difference is more than luck. Baselines are"
    " grey, with triangles."
)


def as_html(board: Board) -> str:
    """Return the whole page; every text of a run is escaped."""
    n_runs = sum(not row.is_baseline for found in board.tables for row in found.rows)
    title = f"{n_runs} run{'' if n_runs == 1 else 's'} ranked"
    return html_document(title, _parts(board), "leaderboard")


def _parts(board: Board) -> Iterator[str]:
    for found in board.tables:
        yield f'<section class="card">\n<h2>{escape_html(_title(found))}</h2>\n'
        yield from _content(found)
        yield "</section>\n"
    if board.failed:
        rows = [_failure_row(failure_cells(cell)) for cell in board.failed]
        caption = f"{len(board.failed)} cells of sweeps without a run"
        yield f'<section class="card">\n<h2>{FAILED_TITLE}</h2>\n{table(caption, FAILED, rows)}</section>\n'
    if board.refused:
        yield f'<section class="card">\n<h2>Not shown</h2>\n{bullets(board.refused)}</section>\n'
    yield paragraph(HOW_TO_READ)


def _title(found: BoardTable) -> str:
    manifest = found.rows[0].run.manifest
    target = manifest.kind("target")
    return f"{TARGETS.get(target, target)} on {data_name(manifest)}"


def _content(found: BoardTable) -> Iterator[str]:
    """Yield what was judged, the ranking, and the folded rest."""
    yield f'<p class="muted">{escape_html(found.title)}</p>\n'
    yield bullets(found.differs) if found.differs else ""
    if found.metric is None:
        yield paragraph("Not ranked: no run here measured a metric that can rank.")
    else:
        yield _ranking(found, found.metric)
    yield bullets([f"* {note}" for note in footnotes(found)]) if found.is_marked else ""
    yield fold(ALL_FIGURES, _all_figures(found))
    commands = [(row.label, row.command) for row in found.rows if row.command]
    yield fold("Commands that repeat a row", terms(commands, code=[label for label, _ in commands]))


def _ranking(found: BoardTable, metric: str) -> str:
    """Return rank, interval and value of the ranking metric, difference to the best, and two more metrics."""
    currency = _currency(found)
    beside = [name for name in BESIDE if name in found.metrics and name != metric]
    drawn = [value_in_unit(metric, row.values[metric]) for row in found.rows if metric in row.values]
    scale = scale_of(end for value in drawn for end in (value.value, value.low, value.high))
    line = drawn[0].value
    heads = [
        TableHead("run"),
        TableHead("95 % interval", svg=axis_plot(scale)),
        value_head(metric, currency),
        TableHead("Minus the best", "paired", "beside"),
        *(TableHead(short_name_of(name), unit_and_direction(name, currency), "beside") for name in beside),
    ]
    rows = [
        (
            _name(row),
            [
                TableCell("", svg=_plot(scale, metric, row, line)),
                guarded_cell(metric, row.values.get(metric)),
                _difference(metric, row),
                *(guarded_cell(name, row.values.get(name), "beside") for name in beside),
            ],
        )
        for row in found.rows
    ]
    named = [(_name(row).text, row.values) for row in found.rows]
    ranked = plain_table(f"Ranked by {axis_of(metric, currency)}", heads, rows, PLOT)
    return ranked + guard_lines([metric, *beside], named)


def _all_figures(found: BoardTable) -> str:
    currency = _currency(found)
    heads = [TableHead(short_name_of(name), unit_and_direction(name, currency)) for name in found.metrics]
    rows = [
        (
            TableCell(_name(row).text, f"judged by {row.run.manifest.run_id}"),
            [
                *(guarded_cell(name, row.values.get(name)) for name in found.metrics),
                *map(TableCell, cost_cells(row)),
            ],
        )
        for row in found.rows
    ]
    return table(f"{ALL_FIGURES}: {found.title}", [TableHead("run"), *heads, *map(TableHead, COSTS)], rows)


def _name(row: BoardRow) -> TableCell:
    """Return rank, label and run; a star marks a value that is too optimistic."""
    label = f"{rank_text(row)} {row.label}{' *' if row.marks else ''}"
    if row.is_baseline:
        return TableCell(label, "baseline", "baseline")
    return TableCell(label, row.run.manifest.run_id, "own")


def _plot(scale: Scale, metric: str, row: BoardRow, line: float) -> str:
    value = row.values.get(metric)
    if value is None:
        return ""
    series = 2 if row.is_baseline else 0
    return interval_plot(scale, [value_in_unit(metric, value)], [series], line)


def _difference(metric: str, row: BoardRow) -> TableCell:
    if row.difference is None or row.rank == 1:
        return TableCell(difference_text(row), css_class="beside")
    cell = value_cell(metric, row.difference, "beside")
    sign = "+" if row.difference.value > 0 else ""
    return TableCell(sign + cell.text, cell.detail, cell.css_class)


def _failure_row(cells: Sequence[str]) -> tuple[str, Sequence[TableCell]]:
    name, *others = cells
    return name, [TableCell(text, css_class="words") for text in others]


def _currency(found: BoardTable) -> str | None:
    return found.rows[0].run.manifest.currency
