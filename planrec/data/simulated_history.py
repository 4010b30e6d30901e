"""Simulated usage histories: seeded, with the moments of a real operator, and noisy plan choice.

Every subscriber has personal levels of voice, SMS and data. A month moves them by trend, season, a shock that
the three services share and a shock of each service. Each subscriber chooses one plan by believed bills, with
a taste for big plans, and keeps it. Recipe and figures: docs/reference/simulator.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from planrec.catalogue import Catalogue, Plan, UnlimitedService, rate
from planrec.data.drifting_levels import Drift, level_factors, typing_errors
from planrec.data.simulated_usage import monthly_load, personal_levels, single_calls
from planrec.errors import CatalogueError
from planrec.schema.columns import Columns, Usage
from planrec.schema.tables import UsageHistory

FIRST_MONTH = np.datetime64("2018-01", "M")
"January, so that the season starts at its first entry."

BLOCK_SUBSCRIBERS = 500
"""Subscribers simulated at a time, each block from its own seed: memory stays constant, and the first k
subscribers are the same for every `n_subscribers`."""

BELIEF_MONTHS = 6
"Months whose bills a subscriber remembers when choosing."


@dataclass(frozen=True)
class SimulatedPopulation:
    """The subscribers and months to simulate; the fields are those of `data=simulator`."""

    n_subscribers: int
    n_months: int
    profile: Literal["default", "heavy"]
    regime: Literal["near_rational", "default", "strong_bias"]
    seed: int
    drift: Drift = "none"


@dataclass(frozen=True)
class Taste:
    """The weights by which a population chooses plans."""

    price: float
    "a: utility lost per unit of money in the expected bill."
    risk: float
    "r: the same for the standard deviation of the bill, relative to a."
    flat: float
    "f: utility of the biggest allowance over the smallest."
    misjudgement: float
    "s: standard deviation of the log of believed over real usage."


TASTES = {
    "near_rational": Taste(price=0.40, risk=0.3, flat=0.5, misjudgement=0.15),
    "default": Taste(price=0.20, risk=0.5, flat=1.2, misjudgement=0.25),
    "strong_bias": Taste(price=0.10, risk=0.5, flat=2.0, misjudgement=0.35),
}


@dataclass(frozen=True)
class People:
    """The hidden parameters behind each subscriber's usage and choice; never features."""

    level: np.ndarray
    "Shape (n, 3): expected billed minutes, SMS and MiB in a month without drift, trend and season."
    price_sensitivity: np.ndarray
    "Shape (n,): a_i."
    flat_preference: np.ndarray
    "Shape (n,): f_i."
    belief: np.ndarray
    "Shape (n,): believed over real usage."
    plan_held: np.ndarray
    "Shape (n,), int32: index into the catalogue's plans."
    believed_bills: np.ndarray
    "Shape (n, J): monthly cost of each plan as the subscriber believes it, in the catalogue's currency."


def simulate(population: SimulatedPopulation, catalogue: Catalogue) -> tuple[UsageHistory, People]:
    """Simulate the history and the hidden people behind it.

    Raises:
        CatalogueError: if no plan can be chosen in the first month and held until the last.
    """
    n, months = population.n_subscribers, population.n_months
    usage = {name: np.empty((n, months)) for name in Usage.ALL}
    people = []
    for start, rng in _blocks(n, population.seed):
        size = min(BLOCK_SUBSCRIBERS, n - start)
        block, someone = _simulate_block(population, catalogue, rng, start // BLOCK_SUBSCRIBERS)
        for name in Usage.ALL:
            usage[name][start : start + size] = block[name][:size]
        people.append(_first(someone, size))
    everyone = People(*(np.concatenate([getattr(p, f.name) for p in people]) for f in fields(People)))
    history = UsageHistory(
        subscriber=np.repeat(np.arange(1, n + 1), months),
        month=np.tile(_months(months), n),
        plan_held=np.repeat(everyone.plan_held, months),
        plans=catalogue.plan_ids,
        usage={name: array.ravel() for name, array in usage.items()},
    )
    return history, everyone


def levels_of(population: SimulatedPopulation) -> np.ndarray:
    """Draw `People.level`, shape (n, 3), without simulating the months."""
    n = population.n_subscribers
    blocks = [
        personal_levels(BLOCK_SUBSCRIBERS, population.profile, rng) for _, rng in _blocks(n, population.seed)
    ]
    return np.concatenate(blocks)[:n]


def drift_of(population: SimulatedPopulation) -> np.ndarray | None:
    """Draw the factors of the levels by month, shape (n, T, 3); None if levels do not change."""
    n, months = population.n_subscribers, population.n_months
    factors = [
        level_factors(population.drift, BLOCK_SUBSCRIBERS, months, (population.seed, number))
        for number in range(-(-n // BLOCK_SUBSCRIBERS))
    ]
    known = [factor for factor in factors if factor is not None]
    return np.concatenate(known)[:n] if known else None


def _blocks(n: int, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    starts = range(0, n, BLOCK_SUBSCRIBERS)
    seeds = np.random.SeedSequence(seed).spawn(len(starts))
    return zip(starts, map(np.random.default_rng, seeds), strict=True)


def _first(people: People, size: int) -> People:
    return People(*(getattr(people, f.name)[:size] for f in fields(people)))


def _simulate_block(
    population: SimulatedPopulation, catalogue: Catalogue, rng: np.random.Generator, number: int
) -> tuple[Columns, People]:
    """Simulate a whole block of subscribers: its random numbers do not depend on how many are kept."""
    changed = (population.drift, BLOCK_SUBSCRIBERS, population.n_months, (population.seed, number))
    level = personal_levels(BLOCK_SUBSCRIBERS, population.profile, rng)
    load = monthly_load(level, np.arange(population.n_months), rng, level_factors(*changed))
    calls, minutes, billed = single_calls(load[..., 0], rng)
    usage = {
        Usage.VOICE_CALLS: calls,
        Usage.VOICE_MINUTES: minutes,
        Usage.VOICE_MINUTES_BILLED: billed,
        Usage.SMS: load[..., 1],
        Usage.DATA_MIB: np.round(load[..., 2], 2),
    }
    recorded = _mistyped(usage, typing_errors(*changed))
    return recorded, _choose_plans(usage, level, TASTES[population.regime], catalogue, rng)


def _mistyped(usage: Columns, factors: np.ndarray | None) -> Columns:
    """Return usage as it is recorded: with typing errors of these factors, shape (n, T, 3), if any."""
    if factors is None:
        return usage
    voice, sms, data = factors.transpose(2, 0, 1)
    mistyped = {
        Usage.VOICE_CALLS: np.rint(usage[Usage.VOICE_CALLS] * voice),
        Usage.VOICE_MINUTES: np.round(usage[Usage.VOICE_MINUTES] * voice, 2),
        Usage.VOICE_MINUTES_BILLED: np.rint(usage[Usage.VOICE_MINUTES_BILLED] * voice),
        Usage.SMS: np.rint(usage[Usage.SMS] * sms),
        Usage.DATA_MIB: np.round(usage[Usage.DATA_MIB] * data, 2),
    }
    # Calls that are rounded up cannot have fewer billed minutes than minutes.
    mistyped[Usage.VOICE_MINUTES_BILLED] = np.maximum(
        mistyped[Usage.VOICE_MINUTES_BILLED], np.ceil(mistyped[Usage.VOICE_MINUTES])
    )
    return mistyped


def _choose_plans(
    usage: Columns, level: np.ndarray, taste: Taste, catalogue: Catalogue, rng: np.random.Generator
) -> People:
    """Choose plans by U_ij = -a_i * bill(believed usage) - r * a_i * SD + f_i * flat_j + Gumbel noise."""
    n = len(level)
    sensitivity = taste.price * np.exp(0.4 * rng.standard_normal(n))
    flat_preference = taste.flat * (1 + 0.6 * rng.standard_normal(n))
    belief = np.exp(0.10 + taste.misjudgement * rng.standard_normal(n))
    remembered = {name: array[:, :BELIEF_MONTHS] for name, array in usage.items()}
    believed = _by_month(_believed(remembered, belief, catalogue), catalogue).mean(axis=1)
    # The spread of the real bills: with that of the believed bills the regime table would be missed by
    # 2 points and 0.6 dollars.
    spread = _by_month(remembered, catalogue).std(axis=1)
    utility = (
        -sensitivity[:, None] * (believed + taste.risk * spread)
        + flat_preference[:, None] * flatness(catalogue)
        + rng.gumbel(size=(n, len(catalogue.plans)))
    )
    on_sale = _on_sale(catalogue, n_months=usage[Usage.SMS].shape[1])
    plan_held = np.where(on_sale, utility, -np.inf).argmax(axis=1).astype(np.int32)
    return People(level, sensitivity, flat_preference, belief, plan_held, believed)


def _believed(usage: Columns, belief: np.ndarray, catalogue: Catalogue) -> Columns:
    """Compute the usage as the subscriber remembers it: the whole GiB of the bill, times the misjudgement.

    The recipe leaves open which amount is multiplied. With whole GiB the regime table is met within 1.5
    points; with MiB as measured, too few subscribers hold a plan that is too big (by 3 points).
    """
    unit = float(catalogue.data_unit.mib)
    whole_units = {**usage, Usage.DATA_MIB: np.ceil(usage[Usage.DATA_MIB] / unit) * unit}
    return {name: array * belief[:, None] for name, array in whole_units.items()}


def _by_month(usage: Columns, catalogue: Catalogue) -> np.ndarray:
    """Rate usage (n, T) on every plan: (n, T, J)."""
    n, months = usage[Usage.SMS].shape
    bills = rate({name: array.ravel() for name, array in usage.items()}, catalogue)
    return bills.reshape(n, months, -1) / 10**catalogue.exponent


def _months(n_months: int) -> np.ndarray:
    """List the simulated months, shape (n_months,), datetime64[M]."""
    return FIRST_MONTH + np.arange(n_months).astype("timedelta64[M]")


def _on_sale(catalogue: Catalogue, n_months: int) -> np.ndarray:
    """Find the plans that can be chosen in the first month and held until the last, shape (J,), bool.

    Subscribers never switch, so a plan that ends in between would be held after its end.
    """
    first, last = _months(n_months)[[0, -1]].astype("datetime64[D]")[:, np.newaxis]
    lasts = catalogue.valid_on(last)[0]
    on_sale = catalogue.offered(first, {})[0] & lasts
    if not on_sale.any():
        validity = [
            f"{plan.id!r}: {'sellable' if plan.sellable else 'not sellable'}, valid from"
            f" {plan.valid_for.start} to {plan.valid_for.end or 'further notice'}"
            for plan in catalogue.plans
        ]
        raise CatalogueError(
            f"a plan must be sellable and valid on {first[0]}, when the simulation starts, and still valid on"
            f" {last[0]}, its last month; none of {len(validity)} is",
            validity,
        )
    return on_sale


def flatness(catalogue: Catalogue) -> np.ndarray:
    """Compute the log of the GiB included, at most 120, scaled to 0..1 over the plans: shape (J,)."""
    logs = np.log([_gib_included(plan, catalogue) for plan in catalogue.plans])
    span = logs.max() - logs.min()
    return (logs - logs.min()) / span if span > 0 else np.zeros(len(logs))


def _gib_included(plan: Plan, catalogue: Catalogue) -> float:
    data = plan.services.data
    if isinstance(data, UnlimitedService):
        return 120.0
    # At least 1: the log stays finite for a plan without an allowance.
    return float(np.clip(float(data.included * catalogue.mib_per_unit(data.unit)) / 1024, 1, 120))
