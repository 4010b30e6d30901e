"""The section of a report about realised metrics, from the file that `planrec realised --save` writes."""

from collections.abc import Collection, Sequence
from math import nan
from pathlib import Path

import msgspec
from msgspec import Struct

from planrec.errors import DataError
from planrec.metrics import METRICS, Estimate, ReliabilityBin
from planrec.monitoring.realised.realised_json import SCHEMA
from planrec.monitoring.realised.realised_table import UNJUDGED
from planrec.reports.page import charts
from planrec.reports.page.markup import Card, TableCell, bullets, cards, fold, paragraph, table
from planrec.reports.page.metric_words import name_of, unit_and_direction
from planrec.wording import counted


class _Run(Struct):
    run_id: str
    sha256: str


class _Value(Struct):
    model: str
    metric: str
    group: str | None
    value: float | None
    low: float | None
    high: float | None


class _Harm(Struct):
    recommendation_id: str
    as_of: str
    plan_held: str
    advised: str
    extra: float


class _File(Struct):
    schema: str
    made_at: str
    decided: str
    currency: str
    runs: list[_Run]
    judged: int
    subscribers: int
    unjudged: dict[str, int]
    metrics: list[_Value]
    promised: list[_Value]
    reliability_of_cheaper: list[ReliabilityBin]
    n_harmed: int
    harmed: list[_Harm]
    "The worst first."


def realised_section(file: Path, run_hashes: Collection[str]) -> str:
    """Return the section; an empty text if there is no file, or if it is about other runs.

    Args:
        file: realised.json.
        run_hashes: sha256 of run.json of the runs in the report.

    Raises:
        DataError: the file is not one that `planrec realised` wrote.
    """
    if not file.is_file():
        return ""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_File)
    except msgspec.MsgspecError as error:
        raise DataError(f"{file} is not one of planrec realised --save: {error}") from None
    if found.schema != SCHEMA:
        raise DataError(f"{file}: schema must be {SCHEMA!r}, got {found.schema!r}")
    if not any(run.sha256 in run_hashes for run in found.runs):
        return ""
    return f'<section id="realised" aria-labelledby="realised-head">\n{_content(found)}</section>\n'


def _content(found: _File) -> str:
    values = [value for value in (*found.metrics, *found.promised) if value.group is None]
    bins = found.reliability_of_cheaper
    chart = (
        charts.calibration(bins, "P(cheaper) that was given, by the bills", "realised-cheaper")
        if bins
        else ""
    )
    unjudged = bullets([f"{n:,} not judged: {_reason(reason)}" for reason, n in found.unjudged.items()])
    about = (
        f"{counted(found.judged, 'decision')} of {counted(found.subscribers, 'subscriber')}, {found.decided},"
        f" advised by {', '.join(run.run_id for run in found.runs)}; computed {found.made_at}."
    )
    left = [Card("Metrics by the bills that came", _metrics(values, found.currency))]
    right = [Card("Calibration", chart)] if chart else []
    right += [Card("Not judged", unjudged)] if found.unjudged else []
    right += [Card("Advice that harmed", _harmed(found))] if found.harmed else []
    head = '<h2 id="realised-head">Realised by bills</h2>\n'
    return head + paragraph(about) + cards([left, right] if right else [left], 3)


def _reason(name: str) -> str:
    return next((text for reason, text in UNJUDGED.items() if reason == name), name)


def _metrics(values: Sequence[_Value], currency: str) -> str:
    models = list(dict.fromkeys(value.model for value in values))
    cells = {(value.metric, value.model): value for value in values}
    names = [name for name in dict.fromkeys(value.metric for value in values) if name in METRICS]
    rows = [
        (
            TableCell(name_of(name), unit_and_direction(name, currency)),
            [_cell(name, cells.get((name, model))) for model in models],
        )
        for name in names
    ]
    return table("Metrics by the bills that came, with 95 % intervals", ["metric", *models], rows)


def _cell(metric: str, value: _Value | None) -> TableCell:
    if value is None or value.value is None:
        return charts.value_cell(metric, None)
    return charts.value_cell(metric, Estimate(value.value, _known(value.low), _known(value.high)))


def _known(end: float | None) -> float:
    return nan if end is None else end


def _harmed(found: _File) -> str:
    worst = found.harmed
    rows = [(harm.recommendation_id, [TableCell(text) for text in _texts_of(harm)]) for harm in worst]
    caption = f"The worst first, {len(worst):,} of {found.n_harmed:,}"
    heads = ["advice", "as of", "plan held", "advised", f"extra, {found.currency} a month"]
    return fold(caption, table(caption, heads, rows))


def _texts_of(harm: _Harm) -> Sequence[str]:
    return harm.as_of, harm.plan_held, harm.advised, f"{harm.extra:.2f}"
