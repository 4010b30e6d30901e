"""Arithmetic of `features=bills`: usage of some months -> statistics of their bills on every plan.

Months are summed by `cumsum`, from first to last, because the order of additions in numpy's sum depends on
the shape, and one row must have the same bits as in a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planrec.catalogue import Catalogue, Plan, Rounding, Service, rate
from planrec.schema.columns import Usage

QUANTILE = 0.9


@dataclass(frozen=True)
class Layout:
    """The list of features, computed once per catalogue and input."""

    catalogue: Catalogue
    services: tuple[str, ...]
    "The usage columns, in the order of the input."
    windows: np.ndarray
    "Shape (n_windows,): increasing; the last one is the number of months in the input."
    varying: np.ndarray
    "Shape (n_varying,): positions of plans whose bill depends on usage."
    counted: np.ndarray
    "Shape (n_allowances,): position of the service of each distinct allowance."
    allowances: np.ndarray
    "Shape (n_allowances, 1): in the unit of the usage column."
    names: tuple[str, ...]
    "One per feature."


@lru_cache(maxsize=64)
def layout_of(
    catalogue: str, services: tuple[str, ...], windows: tuple[int, ...], *, against_held: bool
) -> Layout:
    """List the features of a catalogue (JSON) with these usage columns and windows."""
    parsed = Catalogue.from_json(catalogue)
    by_plan = [tuple(_allowances(plan, parsed, services)) for plan in parsed.plans]
    varying = [position for position, allowances in enumerate(by_plan) if allowances]
    allowances = sorted({allowance for plan in by_plan for allowance in plan})
    return Layout(
        parsed,
        services,
        np.array(windows),
        np.array(varying, np.intp),
        np.array([services.index(service) for service, _ in allowances], np.intp),
        np.array([[included] for _, included in allowances]).reshape(-1, 1),
        tuple(_names(parsed.plan_ids, windows, varying, allowances, against_held=against_held)),
    )


def bill_statistics(usage: np.ndarray, held: np.ndarray | None, layout: Layout) -> np.ndarray:
    """Compute features (n_features, n) from usage (n_services, W, n) and, if read, the plan held (n,)."""
    known = ~np.isnan(usage).any(axis=0)
    months = np.where(known, usage, 0.0)
    # The bill of an unknown month is 0 here, not the fee.
    filled = _bills(months, layout) * known[:, np.newaxis]
    n_known = known.cumsum(axis=0, dtype=np.float64)
    divisor = np.where(n_known > 0, n_known, np.nan)
    ends = layout.windows - 1
    mean = filled.cumsum(axis=0)[ends] / divisor[ends, np.newaxis]
    cheapest = np.where(n_known[ends] > 0, mean.argmin(axis=1), np.nan)
    gap = mean - mean.min(axis=1, keepdims=True)
    n = usage.shape[-1]
    parts = [mean[:, layout.varying].reshape(-1, n), gap.reshape(-1, n), cheapest]
    if len(known) > 1:
        parts += _spread(filled, mean[-1], known, divisor[-1], layout.varying)
    parts += _use_of_allowances(months, divisor[-1], layout)
    if held is not None:
        parts += _against_held(mean[-1], held)
    return np.concatenate(parts)


def _bills(months: np.ndarray, layout: Layout) -> np.ndarray:
    """Rate usage (n_services, W, n): bills (W, J, n), float64, in the major unit."""
    columns = dict(zip(layout.services, months.reshape(len(months), -1), strict=True))
    minor = rate(columns, layout.catalogue).T.reshape(-1, *months.shape[1:])
    return minor.transpose(1, 0, 2) / 10**layout.catalogue.exponent


def _spread(
    filled: np.ndarray, mean: np.ndarray, known: np.ndarray, divisor: np.ndarray, varying: np.ndarray
) -> list[np.ndarray]:
    """Compute standard deviation and quantile over the months, (n_varying, n) each."""
    bills, known = filled[:, varying], known[:, np.newaxis]
    from_mean = np.where(known, bills - mean[varying], 0.0)
    sd = np.sqrt((from_mean * from_mean).cumsum(axis=0)[-1] / divisor)
    # Unknown months come last. The weight of a month falls linearly with the distance of its rank from the
    # rank of the quantile, which interpolates between the two months around it.
    rank = np.arange(float(len(bills)))[:, np.newaxis, np.newaxis]
    ranked = np.where(rank < divisor, np.sort(np.where(known, bills, np.inf), axis=0), 0.0)
    weight = np.maximum(1.0 - np.abs(rank - QUANTILE * (divisor - 1.0)), 0.0)
    return [sd, (weight * ranked).cumsum(axis=0)[-1]]


def _use_of_allowances(months: np.ndarray, divisor: np.ndarray, layout: Layout) -> list[np.ndarray]:
    """Compute the share of months above each allowance, and mean usage divided by each allowance above 0."""
    counted, allowances = layout.counted, layout.allowances
    above = months[counted] > allowances[:, np.newaxis]  # False in an unknown month, whose usage is 0 here
    mean = months.cumsum(axis=1)[:, -1] / divisor
    given = allowances[:, 0] > 0
    return [above.sum(axis=1) / divisor, mean[counted[given]] / allowances[given]]


def _against_held(mean: np.ndarray, held: np.ndarray) -> list[np.ndarray]:
    """Compute the mean bill of the plan held, and the saving of each plan against it."""
    position = np.where(np.isnan(held), 0.0, held).astype(np.intp)
    held_bill = np.where(np.isnan(held), np.nan, mean[position, np.arange(len(held))])
    return [held_bill[np.newaxis], held_bill - mean]


def _names(
    plans: tuple[str, ...],
    windows: tuple[int, ...],
    varying: list[int],
    allowances: list[tuple[str, float]],
    *,
    against_held: bool,
) -> Iterator[str]:
    """Yield names in the order of the rows of `bill_statistics`."""
    yield from (f"bill_mean_{window}@{plans[position]}" for window in windows for position in varying)
    yield from (f"bill_gap_{window}@{plan}" for window in windows for plan in plans)
    yield from (f"cheapest_{window}" for window in windows)
    if windows[-1] > 1:
        yield from (f"bill_{name}@{plans[position]}" for name in ("sd", "p90") for position in varying)
    yield from (f"{service}_over_{included:.12g}" for service, included in allowances)
    yield from (f"{service}_used_{included:.12g}" for service, included in allowances if included > 0)
    if against_held:
        yield "held_bill"
        yield from (f"saving@{plan}" for plan in plans)


def _allowances(plan: Plan, catalogue: Catalogue, services: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Yield the usage column of each allowance of a plan, and the allowance in its unit."""
    voice, sms, data = plan.services.voice, plan.services.sms, plan.services.data
    if isinstance(voice, Service):
        by_call = isinstance(voice.rounding, Rounding) and voice.rounding.scope == "event"
        billed = by_call and Usage.VOICE_MINUTES_BILLED in services
        yield Usage.VOICE_MINUTES_BILLED if billed else Usage.VOICE_MINUTES, float(voice.included)
    if isinstance(sms, Service):
        yield Usage.SMS, float(sms.included)
    if isinstance(data, Service):
        yield Usage.DATA_MIB, float(data.included * catalogue.mib_per_unit(data.unit))
