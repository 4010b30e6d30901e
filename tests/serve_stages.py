"""Where the microseconds of one recommendation go, in process."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import process_time_ns
from typing import Any

import numpy as np

from planrec.schema.request import read_request


class Watch:
    """Keeps the time of each call under the name of its stage."""

    def __init__(self) -> None:
        self.samples: dict[str, list[float]] = defaultdict(list)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time noted under `name`."""

        def wrapper(*arguments: Any) -> Any:
            start = process_time_ns()
            answer = function(*arguments)
            self.samples[name].append(process_time_ns() - start)
            return answer

        return wrapper

    def medians(self) -> dict[str, float]:
        """Microseconds."""
        return {name: float(np.median(samples)) / 1e3 for name, samples in self.samples.items()}


class Step:
    """A step of the pipeline whose method is timed; everything else is the step's own."""

    def __init__(self, step: Any, **methods: Callable[..., Any]) -> None:
        self.step = step
        vars(self).update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.step, name)


def stages(saved: Any, bodies: Sequence[bytes], n: int) -> dict[str, float]:
    """Stage -> median microseconds, of `n` requests after as many that do not count."""
    from sklearn.pipeline import Pipeline

    watch = Watch()
    recommender = saved.recommender
    steps = [
        (
            name,
            Step(
                step,
                **{
                    method: watch.timed(stage, getattr(step, method))
                    for method, stage in STAGES.items()
                    if hasattr(step, method)
                },
            ),
        )
        for name, step in recommender.pipeline.steps
    ]
    timed = replace(recommender, pipeline=Pipeline(steps))
    requests = [read_request(json.loads(body)) for body in bodies]
    for whole in range(2 * n):
        if whole == n:
            watch.samples.clear()
        table = watch.timed(TABLE, timed.table)([requests[whole % len(requests)]])
        prediction = watch.timed("predict", timed.predict)(table)
        watch.timed(DECIDE, timed.policy.decide)(prediction, table)
    taken = watch.medians()
    inside = {stage: taken[stage] for stage in STAGES.values() if stage in taken}
    rest = taken["predict"] - sum(inside.values())
    return {TABLE: taken[TABLE]} | inside | {BILLS: rest, DECIDE: taken[DECIDE]}


TABLE = "request to decision table"
BILLS = "probabilities over the menu, expected bills"
DECIDE = "policy"
STAGES = {"transform": "features", "predict_proba": "model", "predict_bills": "model, its bills"}
