"""The result of a rehearsal as JSON: equal settings give equal bytes."""

import json
from dataclasses import asdict

from planrec.operating.rehearsal.judged_year import MonthlyFigures
from planrec.operating.rehearsal.timeline import TimelineEvent
from planrec.operating.rehearsal.year import Rehearsed

SCHEMA = "planrec.rehearsal/1"
DIGITS = 9
"Decimals of the figures: more would differ between processors."


def json_of(rehearsed: Rehearsed) -> str:
    """Return setting, figures, faults and timeline as JSON, without run ids and times of the clock."""
    content = {
        "schema": SCHEMA,
        "setting": asdict(rehearsed.setting),
        "faults": [asdict(verdict) for verdict in rehearsed.timeline.verdicts()],
        "timeline": [_event(event) for event in rehearsed.timeline.in_order()],
        "promotions": [asdict(promotion) for promotion in rehearsed.promotions],
        "figures": [_figures(figures) for figures in rehearsed.figures],
    }
    return json.dumps(content, indent=2) + "\n"


def _event(event: TimelineEvent) -> dict[str, str | None]:
    return {"date": event.date, "kind": event.kind, "text": event.text, "fault": event.fault}


def _figures(figures: MonthlyFigures) -> dict[str, object]:
    sides = {name: getattr(figures, name).as_json() for name in ("on", "off", "ratio")}
    rounded = {
        name: {key: None if value is None else round(value, DIGITS) for key, value in side.items()}
        for name, side in sides.items()
    }
    return {"metric": figures.metric, "month": figures.month, "n_decisions": figures.n_decisions, **rounded}
