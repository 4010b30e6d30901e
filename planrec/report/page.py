"""The whole page, from runs that were read."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from planrec.report.comparison import comparison
from planrec.report.markup import Cell, escaped, table
from planrec.report.reported import ReportedRun
from planrec.report.section import section

STYLE = Path(__file__).with_name("style.css")


def report_page(runs: Sequence[ReportedRun], failed: Sequence[tuple[str, str]] = ()) -> str:
    """One HTML page: a section per run, a comparison where there are several, and what failed.

    Equal arguments give equal text. The page asks for nothing: its content security policy allows its own
    style sheet, by hash, and neither scripts nor addresses.

    Args:
        runs: at least one.
        failed: what was asked for and why there is no run of it, such as the failed cells of a sweep.
    """
    style = STYLE.read_text("utf-8")
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    title = "PlanRec report: " + (runs[0].saved.run_id if len(runs) == 1 else f"{len(runs)} runs")
    parts = [_head(title, style, allowed), f"<h1>{escaped(title)}</h1>\n"]
    if len(runs) > 1 or failed:
        parts += [_contents(runs), comparison(runs) if len(runs) > 1 else "", _failures(failed)]
    for position, run in enumerate(runs, start=1):
        name = f"run-{position}"
        parts += [f'<section id="{name}">\n<h2>{escaped(_name_of(run))}</h2>\n', *section(run, name)]
        parts.append("</section>\n")
    return "".join([*parts, "</main>\n</body>\n</html>\n"])


def _head(title: str, style: str, allowed: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy"'
        f" content=\"default-src 'none'; style-src 'sha256-{allowed}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
    )


def _name_of(run: ReportedRun) -> str:
    return f"{run.model} for target={run.saved.config.target.kind}, run {run.saved.run_id}"


def _contents(runs: Sequence[ReportedRun]) -> str:
    links = [
        f'<li><a href="#run-{position}">{escaped(_name_of(run))}</a></li>'
        for position, run in enumerate(runs, start=1)
    ]
    return f'<nav aria-label="Runs"><ol>{"".join(links)}</ol></nav>\n'


def _failures(failed: Sequence[tuple[str, str]]) -> str:
    if not failed:
        return ""
    rows = [(what, [Cell(why, css_class="words")]) for what, why in failed]
    return "<h2>Failed</h2>\n" + table("What gave no run, and why", ["asked for", "error"], rows)
