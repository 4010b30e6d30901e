"""Realised metrics as JSON, for programs and for the metrics of the server."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from math import isnan

import numpy as np

from planrec.metrics import MetricValue
from planrec.monitoring.realised.realised import Realised
from planrec.runs.manifest import nan_as_null

SCHEMA = "planrec.realised/1"


def as_json(found: Realised, most_harmed: int | None = None) -> str:
    """Return realised metrics as JSON; NaN becomes null. Only `harmed` names single advice.

    Args:
        found: the metrics.
        most_harmed: number of advice in `harmed`, the worst first; None for all.
    """
    table = found.table
    mean = found.bills.mean_difference
    content = {
        "schema": SCHEMA,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "days": str(found.days),
        "decided": found.decided,
        "currency": found.currency,
        "runs": [{"run_id": run.run_id, "sha256": run.sha256} for run in table.runs],
        "newest_month": None if table.newest_month is None else str(np.datetime64(table.newest_month, "M")),
        "judged": found.metrics[0].n_decisions if found.metrics else 0,
        "subscribers": found.metrics[0].n_subscribers if found.metrics else 0,
        "unjudged": {reason: len(names) for reason, names in table.unjudged.items()},
        "rare_groups": dict(table.rare_groups),
        "answers_that_differ": table.n_differing,
        "metrics": _values(found.metrics),
        "promised": _values(found.promised),
        "of_runs": {sha256: _values(values) for sha256, values in found.of_runs.items()},
        "by": {group: _values(values) for group, values in found.by.items()},
        "reliability_of_cheaper": [asdict(each) for each in found.reliability],
        "moves": found.moves._asdict(),
        "n_harmed": len(found.harmed),
        "harmed": [harm._asdict() for harm in found.harmed[:most_harmed]],
        "bills": found.bills._asdict() | {"mean_difference": None if isnan(mean) else mean},
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _values(values: Iterable[MetricValue]) -> list[dict[str, object]]:
    return [nan_as_null(asdict(value)) for value in values]
