"""The page of a rehearsal: verdicts, picture, faults, figures by month, timeline; as HTML and as Markdown."""

from collections.abc import Iterator, Sequence

from planrec.operating.rehearsal.judged_year import HARM, HIDDEN, REGRET
from planrec.operating.rehearsal.rehearsal_chart import charts_of
from planrec.operating.rehearsal.rehearsal_terminal import shown
from planrec.operating.rehearsal.setting import RehearsalSetting
from planrec.operating.rehearsal.verdicts import verdicts_of
from planrec.operating.rehearsal.year import Rehearsed
from planrec.reports.page.html_page import html_document
from planrec.reports.page.markup import (
    Card,
    TableCell,
    TableHead,
    bullets,
    cards,
    fold,
    paragraph,
    table,
    verdict_html,
)

MONTHLY_HEADS = ("regret on", "off", "hidden regret on", "off", "harm on", "off")
FAULT_HEADS = ("planted", "noticed", "by")
Rows = Sequence[tuple[str, Sequence[str]]]


def page_of(rehearsed: Rehearsed) -> str:
    """Return the HTML page; equal rehearsals give equal text."""
    setting = rehearsed.setting
    title = f"A year of {setting.n_subscribers:,} subscribers, operations on and off"
    return html_document(title, _parts(rehearsed), "rehearsal")


def _parts(rehearsed: Rehearsed) -> Iterator[str]:
    yield _verdicts(rehearsed)
    faults = _table("Planted faults, and the first signal", ("fault", *FAULT_HEADS), fault_rows(rehearsed))
    monthly = _table("Means with 95 % intervals", ("month", *MONTHLY_HEADS), monthly_rows(rehearsed))
    events = _table("Every event", ("date", "kind", "event"), _event_rows(rehearsed))
    left = [Card("The year", charts_of(rehearsed) + fold("In figures, by month", monthly))]
    right = [Card("The setting", paragraph(about(rehearsed.setting))), Card("Faults", faults)]
    yield cards([left, right], 2)
    yield cards([[Card("Timeline", fold(f"{len(_event_rows(rehearsed))} events", events))]], 2)


def _verdicts(rehearsed: Rehearsed) -> str:
    """Return the box that says what was reached."""
    found = list(verdicts_of(rehearsed))
    n_reached = sum(verdict.is_reached for verdict in found)
    css_class = "good" if n_reached == len(found) else "bad"
    text = f"{n_reached} of {len(found)} aims reached"
    return verdict_html(css_class, "The year with operations", text, bullets(verdict_lines(rehearsed)))


def about(setting: RehearsalSetting) -> str:
    """Return the setting in words."""
    return (
        f"A simulated operator of {setting.n_subscribers:,} subscribers over {setting.n_months} months, seed"
        f" {setting.seed}. On {len(setting.days)} days of a month {setting.per_day} subscribers ask for"
        " advice. Both sides live in the same world. With operations off, the first run answers all year"
        " from whatever arrives. Regret is the"
        " monthly cost of following the advice above the cheapest plan, by the bills of the three months"
        " after it; hidden regret is the same by true expected bills, which only the simulator knows. Harm"
        " is the share of all decisions that advise a move that costs more than staying by over 0.50. With"
        " operations on, the functions behind these commands run: planrec drift, outcomes, realised, watch"
        " (replay and harm only: there is no server), retrain, new-plans, pin and its rollback. Two acts are"
        " no commands, and are part of the rehearsal only: a run that was pinned by hand is compared with the"
        " run before it, and requests leave out the months before a jump of data use."
    )


def verdict_lines(rehearsed: Rehearsed) -> list[str]:
    """Return one line per figure that must be reached."""
    return [
        f"{'Reached' if verdict.is_reached else 'Not reached'}: {verdict.text}."
        for verdict in verdicts_of(rehearsed)
    ]


def fault_rows(rehearsed: Rehearsed) -> Rows:
    """Return one row per planted fault."""
    return [
        (verdict.fault, (verdict.planted, verdict.noticed or "missed", verdict.by or "–"))
        for verdict in rehearsed.timeline.verdicts()
    ]


def monthly_rows(rehearsed: Rehearsed) -> Rows:
    """Return one row per month, the whole rehearsal first."""
    by_key = {(figures.metric, figures.month): figures for figures in rehearsed.figures}
    months = [month for metric, month in by_key if metric == REGRET]
    return [
        (
            month or "all",
            [
                shown(getattr(by_key[metric, month], side))
                for metric in (REGRET, HIDDEN, HARM)
                for side in ("on", "off")
            ],
        )
        for month in months
    ]


def _event_rows(rehearsed: Rehearsed) -> Rows:
    return [(event.date, (event.kind, event.text)) for event in rehearsed.timeline.in_order()]


def _table(caption: str, heads: Sequence[str], rows: Rows) -> str:
    cells = [(head, [TableCell(text, css_class="words") for text in texts]) for head, texts in rows]
    return table(caption, [TableHead(head, css_class="words") for head in heads], cells)
