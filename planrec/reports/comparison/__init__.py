"""`planrec compare A B`: differences of two runs in configuration, metrics and segments."""

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planrec.metrics import Estimate
    from planrec.reports.comparison.run_comparison import Comparison

SCHEMA = "planrec.compare.comparison/1"


def as_json(comparison: "Comparison") -> str:
    """Return the comparison as JSON; differences are B less A, NaN becomes null."""
    import json

    runs = {"a": comparison.first, "b": comparison.second}
    content = {
        "schema": SCHEMA,
        "config": [asdict(change) for change in comparison.config],
        "versions": [asdict(change) for change in comparison.versions],
        "not_paired": comparison.not_paired or None,
        "metric": comparison.metric,
        "metrics": [
            {
                "metric": pair.name,
                "a": pair.first.as_json(),
                "b": pair.second.as_json(),
                "difference": _json_of(pair.difference),
            }
            for pair in comparison.metrics
        ],
        "segments": [
            asdict(part) | {"difference": _json_of(part.difference)} for part in comparison.segments
        ],
        "verdict": comparison.verdict,
        "paths": {
            name: {"run_id": run.manifest.run_id, "folder": str(run.folder)} for name, run in runs.items()
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _json_of(value: "Estimate | None") -> dict[str, float | None] | None:
    return None if value is None else value.as_json()
