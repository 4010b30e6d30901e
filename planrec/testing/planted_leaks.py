"""Leaks that are planted in a clean table, to see which check finds them: `PLANTED`.

Each function takes labelled decisions, one per subscriber, whose label is the plan held, and returns them
with columns or rows that would flatter a model.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from planrec.schema.tables import DecisionTable

Plant = Callable[[DecisionTable, np.random.Generator], DecisionTable]
N_CELLS = 400
"Groups of a target encoding."


def noisy_copy(noise: float) -> Plant:
    """Return a plant: the label under other names, of which a share is drawn at random."""

    def plant(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
        plan = table.labels
        wrong = random.random(len(plan)) < noise
        drawn = np.where(wrong, random.integers(0, len(table.plans), len(plan)), plan)
        return _with(table, segment_code=np.array([f"S{code}" for code in drawn], object))

    return plant


def noisy_invoice(spread: float) -> Plant:
    """Return a plant: an invoice that depends on the plan, with normal noise in steps between plans."""

    def plant(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
        plan = table.labels.astype(float)
        return _with(table, invoice=20 + 10 * plan + random.normal(0, spread * 10, len(plan)))

    return plant


def partly_filled_allowance(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant the allowance of the plan held, in 60 % of the rows."""
    allowance = 1024.0 * (1 + table.labels)
    return _with(table, allowance_mib=np.where(random.random(len(table)) < 0.6, allowance, np.nan))


def filled_for_one_plan(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant a value that subscribers of one plan have, and few others."""
    is_filled = (table.labels == _most_frequent(table)) & (random.random(len(table)) < 0.7)
    return _with(table, device_credit=np.where(is_filled, random.normal(30, 5, len(table)), np.nan))


def target_encoding(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant the share of a plan in each of 400 random groups, the row itself included."""
    cell = random.integers(0, N_CELLS, len(table))
    is_held = table.labels == _most_frequent(table)
    share = np.bincount(cell, is_held, N_CELLS) / np.maximum(np.bincount(cell, minlength=N_CELLS), 1)
    return _with(table, town_rate=share[cell])


def near_duplicates(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant a second row of each person, with every number moved by up to half a percent, and no ids."""
    twice = table.take(np.repeat(np.arange(len(table)), 2))
    moved = {
        name: values * random.uniform(0.995, 1.005, len(values)) if values.dtype.kind == "f" else values
        for name, values in twice.X.items()
    }
    own = np.arange(len(twice))
    return replace(twice, X=moved, subscriber=own, has_subscribers=False)


def sum_of_two(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant an invoice with a large part that varies, and that part alone: their difference is the fee."""
    extras = random.gamma(2, 200, len(table))
    return _with(table, invoice=extras + 10 * table.labels, extras=extras.round(2))


def product_of_codes(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant two codes of which neither says anything, and both together name the plan."""
    first = random.integers(0, len(table.plans), len(table))
    second = (table.labels - first) % len(table.plans)
    return _with(table, batch=first.astype(float), channel=second.astype(float))


def later_by_name(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant a column of noise whose name says that it is known later."""
    return _with(table, next_month_invoice=random.normal(30, 5, len(table)))


def later_by_date(table: DecisionTable, random: np.random.Generator) -> DecisionTable:
    """Plant dates of which a tenth is after the decision."""
    assert table.as_of is not None
    days = random.integers(-900, 100, len(table)).astype("timedelta64[D]")
    return _with(table, activity=(table.as_of.astype("datetime64[D]") + days).astype("datetime64[s]"))


PLANTED: Mapping[str, Plant] = {
    "copy of the label, 10 % noise": noisy_copy(0.1),
    "copy of the label, 30 % noise": noisy_copy(0.3),
    "invoice, noise of 0.7 steps": noisy_invoice(0.7),
    "invoice, noise of a step": noisy_invoice(1.0),
    "allowance, filled in 60 % of rows": partly_filled_allowance,
    "value for one plan only": filled_for_one_plan,
    "target encoding over 400 cells": target_encoding,
    "near duplicates without id": near_duplicates,
    "invoice and its variable part": sum_of_two,
    "two codes that name the plan together": product_of_codes,
    "known later, by name": later_by_name,
    "known later, by date": later_by_date,
}
"Kind of leak -> its plant."


def _with(table: DecisionTable, **columns: np.ndarray) -> DecisionTable:
    return replace(table, X=table.X | columns)


def _most_frequent(table: DecisionTable) -> int:
    return int(np.bincount(table.labels).argmax())
