"""The whole page."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from planrec.metrics import METRICS
from planrec.reports.page.markup import Cell, escaped, paragraph, table
from planrec.reports.page.requested_runs import Asked
from planrec.reports.page.run_section import section
from planrec.reports.page.run_view import reported
from planrec.reports.page.side_by_side import comparison

STYLE = Path(__file__).with_name("style.css")


MOST_SECTIONS = 10
"Runs with a section of their own; the overview has all."


def report_page(asked: Asked) -> str:
    """One HTML page: a section for each of the best runs; an overview of all where there are several.

    Equal runs give equal text. The page asks for nothing: its content security policy allows its own style
    sheet, by hash, and neither scripts nor addresses.

    Raises:
        RunError: a run with a section cannot be read.
    """
    style = STYLE.read_text("utf-8")
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    shown = asked.runs[:MOST_SECTIONS]
    title = "PlanRec report: " + (shown[0].name if len(asked.runs) == 1 else f"{len(asked.runs)} runs")
    parts = [_head(title, style, allowed), f"<h1>{escaped(title)}</h1>\n"]
    if len(asked.runs) > 1 or asked.failed:
        parts += [_contents(asked), comparison(asked) if len(asked.runs) > 1 else "", _failures(asked.failed)]
    for position, run in enumerate(shown, start=1):
        name = f"run-{position}"
        parts += [f'<section id="{name}">\n<h2>{escaped(_title_of(asked, position))}</h2>\n']
        # One at a time: a model may be large.
        parts += [*section(reported(run.folder), name), "</section>\n"]
    return "".join([*parts, "</main>\n</body>\n</html>\n"])


def _head(title: str, style: str, allowed: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy"'
        f" content=\"default-src 'none'; style-src 'sha256-{allowed}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
    )


def _title_of(asked: Asked, position: int) -> str:
    """What differs, rather than an address; a run alone by its model and name."""
    run, config = asked.runs[position - 1], asked.runs[position - 1].manifest.config
    if len(asked.runs) > 1:
        return f"{position} {run.label}"
    return f"{config['model']['kind']} for target={config['target']['kind']}, run {run.name}"


def _contents(asked: Asked) -> str:
    positions = range(1, len(asked.runs[:MOST_SECTIONS]) + 1)
    links = [
        f'<li><a href="#run-{position}">{escaped(_title_of(asked, position))}</a></li>'
        for position in positions
    ]
    left = len(asked.runs) - len(positions)
    which = "best" if METRICS[asked.metric].higher_is_better is not None else "first"
    more = f"The {which} {len(positions)} of {len(asked.runs)} runs have a section each." if left else ""
    nav = f'<nav aria-label="Runs"><ul>{"".join(links)}</ul></nav>\n'
    return nav + (paragraph(more) if more else "")


def _failures(failed: Sequence[tuple[str, str]]) -> str:
    if not failed:
        return ""
    rows = [(what, [Cell(why, css_class="words")]) for what, why in failed]
    return "<h2>Failed</h2>\n" + table("What gave no run, and why", ["asked for", "error"], rows)
