"""`planrec what-if`: shares, revenue and consumer surplus if a plan had another price."""

import json
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np

from planrec.choice import ConditionalLogitClassifier
from planrec.choice.price_change import PriceChange, drawn_estimates, market, with_price
from planrec.commands.advice import typed
from planrec.errors import ConfigError, RunError
from planrec.metrics import Estimate
from planrec.metrics.intervals import interval_of
from planrec.runs.read import SavedRun, load_run
from planrec.schema.columns import Columns
from planrec.training.experiment import load_decisions
from planrec.wording import did_you_mean, shown

N_DRAWS = 200
SCHEMA = "planrec.what_if/1"


@dataclass(frozen=True)
class Moved:
    """A figure now, under the other price, and the difference; intervals are those of the coefficients."""

    now: Estimate
    then: Estimate
    change: Estimate


@dataclass(frozen=True)
class WhatIf:
    """The answer of a choice model to another price of one plan."""

    run_id: str
    plan: str
    change: PriceChange
    n_cases: int
    shares: dict[str, Moved]
    revenue: dict[str, Moved]
    total_revenue: Moved
    surplus: Estimate | None
    "Change of the consumer surplus, summed over the cases; None if utility has no constant worth in money."
    notes: tuple[str, ...]


def what_if(folder: Path, plan: str, change: PriceChange) -> WhatIf:
    """Compare the choices of the run's cases under both prices.

    Raises:
        RunError: the run is no choice model with a price, or its data changed.
        ConfigError: the run has no such plan.
        DataError: a price would not stay above 0.
    """
    saved = load_run(folder)
    model = _choice_model(saved)
    if plan not in model.columns_.plans:
        plans = model.columns_.plans
        raise ConfigError(f"no plan {plan!r}{did_you_mean(plan, plans)}; the run has {shown(plans)}")
    table = load_decisions(saved.config).table
    if table.fingerprint() != saved.manifest.data_fingerprint:
        raise RunError(f"{folder}: the data changed since; train again: {saved.manifest.command}")
    return _answer(saved, model, table.X, plan, change)


def as_json(answer: WhatIf) -> str:
    """Return the answer as JSON; figures without an interval have null ends."""
    content = {"schema": SCHEMA} | asdict(answer) | {"change": str(answer.change)}
    return json.dumps(_without_nan(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _choice_model(saved: SavedRun) -> ConditionalLogitClassifier:
    model = saved.recommender.estimator
    if not isinstance(model, ConditionalLogitClassifier):
        raise RunError(
            f"{saved.folder}: model={saved.config.model.kind} does not model choices by prices:"
            f" train one with {typed(data='choice_table', model='conditional_logit')}"
        )
    if model.specification.price is None or not model.columns_.plans:
        raise RunError(
            f"{saved.folder}: the run does not name the price among the attributes of its plans:"
            f" train again with {typed({'model.price': 'ATTRIBUTE'})}"
        )
    return model


def _answer(
    saved: SavedRun, model: ConditionalLogitClassifier, X: Columns, plan: str, change: PriceChange
) -> WhatIf:
    dearer = with_price(model, X, plan, change)
    drawn = drawn_estimates(model, N_DRAWS, saved.config.seed)
    estimates = [model.coefficients_.estimates, *([] if drawn is None else drawn)]
    now, then = ([market(model, columns, one) for one in estimates] for columns in (X, dearer))
    shares, revenue = (
        [np.array([figure(one) for one in markets]) for markets in (now, then)]
        for figure in (_SHARES, _REVENUE)
    )
    surplus = _moved(*(np.array([one.surplus for one in markets]) for markets in (now, then))).change
    plans = model.columns_.plans
    return WhatIf(
        run_id=saved.run_id,
        plan=plan,
        change=change,
        n_cases=len(next(iter(X.values()))),
        shares={name: _moved(shares[0][:, at], shares[1][:, at]) for at, name in enumerate(plans)},
        revenue={name: _moved(revenue[0][:, at], revenue[1][:, at]) for at, name in enumerate(plans)},
        total_revenue=_moved(revenue[0].sum(axis=1), revenue[1].sum(axis=1)),
        surplus=None if np.isnan(surplus.value) else surplus,
        notes=tuple(_notes(model, surplus)),
    )


_SHARES, _REVENUE = attrgetter("shares"), attrgetter("revenue")


def _moved(now: np.ndarray, then: np.ndarray) -> Moved:
    """Compare a figure under the learned coefficients, the first value, and under each draw of them."""
    return Moved(_estimate(now), _estimate(then), _estimate(then - now))


def _estimate(values: np.ndarray) -> Estimate:
    """Return the first value with the interval of the others; NaN ends without any."""
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = interval_of(drawn) if len(drawn) else (np.nan, np.nan)
    return Estimate(float(values[0]), float(low), float(high))


def _notes(model: ConditionalLogitClassifier, surplus: Estimate) -> list[str]:
    notes = []
    if model.coefficients_.robust_covariance is None:
        notes.append(f"no intervals: the data do not determine {model.coefficients_.undetermined}")
    if np.isnan(surplus.value):
        notes.append("no consumer surplus: it needs one linear coefficient of the price, below 0")
    if not model.specification.nests:
        notes.append("without nests, the other plans gain or lose in proportion to their shares")
    return notes


def _without_nan(node: object) -> object:
    if isinstance(node, dict):
        return {key: _without_nan(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_without_nan(value) for value in node]
    return None if isinstance(node, float) and np.isnan(node) else node
