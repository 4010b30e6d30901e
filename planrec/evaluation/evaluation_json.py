"""An evaluation as JSON."""

import json
from dataclasses import asdict

from planrec.evaluation.evaluation import Evaluation
from planrec.runs.manifest import nan_as_null

SCHEMA = "planrec.evaluate/1"


def as_json(evaluation: Evaluation) -> str:
    """Return the evaluation as JSON; NaN becomes null."""
    gates = {run: evaluation.broken_gates(run) for run in evaluation.runs}
    content = {
        "schema": SCHEMA,
        "runs": list(evaluation.runs),
        "since": None if evaluation.since is None else str(evaluation.since),
        "excluded": asdict(evaluation.excluded),
        "subscribers_seen_in_training": evaluation.n_seen,
        "drift": [nan_as_null(asdict(column)) for column in evaluation.drift],
        "notes": list(evaluation.notes),
        "metrics": [nan_as_null(asdict(value)) for value in evaluation.metrics],
        "differences": [
            {"model": each.model, "metric": each.metric, **each.estimate.as_json()}
            for each in evaluation.differences
        ],
        "gates": {
            run: {"limits": evaluation.gates, "broken": broken, "doubtful": doubtful}
            for run, (broken, doubtful) in gates.items()
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
