"""Board as one HTML file without scripts and without links to other files; it can be printed."""

from collections.abc import Iterator
from html import escape

from planrec.metrics import Estimate
from planrec.reports.leaderboard.board import Board, BoardTable
from planrec.reports.leaderboard.board_cells import (
    COSTS,
    FAILED,
    FAILED_TITLE,
    cost_cells,
    difference_text,
    failure_cells,
    footnotes,
    metric_titles,
    rank_text,
)
from planrec.reports.leaderboard.board_rows import BoardRow
from planrec.wording import figure

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 2rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2.2rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #ccc; vertical-align: top; }
th { border-bottom: 2px solid #555; vertical-align: bottom; }
th.text, td.text { text-align: left; }
small { display: block; color: #555; white-space: nowrap; }
tr.baseline td { background: #f3f3f3; }
code { overflow-wrap: anywhere; }
@media print {
  @page { size: A4 landscape; margin: 1cm; }
  body { margin: 0; font-size: 9px; }
  .wide { overflow: visible; }
  th, td { padding: .15rem .3rem; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
}
"""


def as_html(board: Board) -> str:
    """Return the whole page; every text of a run is escaped."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<title>PlanRec leaderboard</title><style>{_STYLE}</style></head>",
        "<body><h1>PlanRec leaderboard</h1>",
        "<p>Values are out of fold, with 95 % intervals by bootstrap over subscribers; the arrow points in"
        " the better direction. Differences are paired: both rows use the same draws. If an interval excludes"
        " 0, the difference is more than luck. Grey rows are baselines.</p>",
        *(line for table in board.tables for line in _table(table)),
        *_failure_table(board),
        *_list_html("Not shown", [escape(line) for line in board.refused]),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _table(table: BoardTable) -> Iterator[str]:
    yield f"<h2>{escape(table.title)}</h2>"
    yield from _list_html("", [escape(line) for line in table.differs])
    heads = [*([f"difference in {table.metric}"] if table.metric else []), *metric_titles(table), *COSTS]
    numbers = "".join(f'<th scope="col">{escape(head).replace("_", "_<wbr>")}</th>' for head in heads)
    yield '<div class="wide"><table><thead><tr>'
    yield f'<th scope="col">#</th><th scope="col" class="text">run</th>{numbers}</tr></thead><tbody>'
    yield from (_row(table, row) for row in table.rows)
    yield "</tbody></table></div>"
    yield from _list_html("", [escape(note) for note in footnotes(table)])
    commands = [
        f"{escape(row.label)}: <code>{escape(row.command)}</code>" for row in table.rows if row.command
    ]
    yield from _list_html("Repeat a row", commands)


def _row(table: BoardTable, row: BoardRow) -> str:
    kind = "baseline" if row.is_baseline else "run"
    star = " *" if row.marks else ""
    judged = f"{'judged by ' if row.is_baseline else ''}{row.run.manifest.run_id}"
    cells = [_difference(row)] if table.metric else []
    cells += [_estimate(row.values.get(name)) for name in table.metrics]
    cells += [escape(cell) for cell in cost_cells(row)]
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    label = f'<td class="text">{escape(row.label)}{star}<small>{escape(judged)}</small></td>'
    return f'<tr class="{kind}"><td>{rank_text(row)}</td>{label}{numbers}</tr>'


def _failure_table(board: Board) -> Iterator[str]:
    if not board.failed:
        return
    heads = "".join(f'<th scope="col" class="text">{escape(head)}</th>' for head in FAILED)
    yield f'<h2>{FAILED_TITLE}</h2><div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>'
    for cell in board.failed:
        texts = "".join(f'<td class="text">{escape(text)}</td>' for text in failure_cells(cell))
        yield f"<tr>{texts}</tr>"
    yield "</tbody></table></div>"


def _difference(row: BoardRow) -> str:
    if row.difference is None or row.rank == 1:
        return difference_text(row)
    return ("+" if row.difference.value > 0 else "") + _estimate(row.difference)


def _estimate(value: Estimate | None) -> str:
    if value is None:
        return "-"
    return f"{figure(value.value)}<small>{figure(value.low)} to {figure(value.high)}</small>"


def _list_html(title: str, items: list[str]) -> list[str]:
    """Return a list of HTML items under a title; an empty list if there are no items."""
    if not items:
        return []
    head = [f"<h3>{escape(title)}</h3>"] if title else []
    return [*head, "<ul>", *(f"<li>{item}</li>" for item in items), "</ul>"]
