"""Commitments: the fee for leaving the plan held, and plans that bind for too long."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from planrec.catalogue.menu import best_plan, exit_fees, switching_costs, tie_ranks
from planrec.catalogue.plans import Catalogue
from planrec.schema.tables import DecisionTable

UnknownCommitment = Literal["bound", "free", "abstain"]
"""Treatment of a subscriber whose plan has an exit fee and a commitment whose end is unknown: count the fee,
count none, or count it and give no advice."""


@dataclass(frozen=True)
class CommitmentRules:
    """The rules of a policy about commitments. By default an unknown one binds, and any length is fine."""

    unknown: UnknownCommitment = "bound"
    longest_months: int | None = None
    "Longest commitment of a plan that may be recommended; None for any."


class Settled(NamedTuple):
    """Fields of `DecisionTable` that depend on commitments."""

    menu: np.ndarray
    exit_fee: np.ndarray | None
    assumes_commitment: np.ndarray | None
    switching_cost: np.ndarray | None


def due_exit_fees(
    fee: np.ndarray, as_of: np.ndarray, commitment_ends: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fee that is due on the day of each decision, and whether an unknown commitment decides it.

    No fee is due on the first day without commitment. An unknown commitment counts as not over.

    Args:
        fee: the fee of a plan held whose commitment is not over, shape (n,), int64: `menu.exit_fees`.
        as_of: days of the decisions, shape (n,), datetime64[D].
        commitment_ends: first days without commitment, shape (n,), datetime64[D], NaT if unknown; None if
            all are unknown.

    Examples:
        >>> day = np.datetime64("2026-03-01")
        >>> ends = np.array(["2026-09-15", "2026-03-01", "NaT"], "datetime64[D]")
        >>> fees, is_assumed = due_exit_fees(np.array([2500] * 3), np.array([day] * 3), ends)
        >>> fees.tolist(), is_assumed.tolist()
        ([2500, 0, 2500], [False, False, True])
    """
    if commitment_ends is None:
        return fee, fee > 0
    is_unknown = np.isnat(commitment_ends)
    return np.where(is_unknown | (commitment_ends > as_of), fee, 0), is_unknown & (fee > 0)


def settled(
    catalogue: Catalogue,
    rules: CommitmentRules,
    menu: np.ndarray,
    held: np.ndarray,
    as_of: np.ndarray,
    commitment_ends: np.ndarray | None,
) -> Settled:
    """Settle which exit fee each subscriber pays, and which plans bind for too long.

    Args:
        catalogue: the J plans.
        rules: the rules of the policy.
        menu: the plans on offer, shape (n, J), bool.
        held: index of the plan held, shape (n,), int64; -1 if unknown.
        as_of: days of the decisions, shape (n,), datetime64[D].
        commitment_ends: see `due_exit_fees`.
    """
    fee, is_assumed = due_exit_fees(exit_fees(catalogue, held), as_of, commitment_ends)
    if rules.unknown == "free":
        fee = np.where(is_assumed, 0, fee)
    if rules.longest_months is not None:
        is_held = np.arange(len(catalogue.plans)) == held[:, None]
        menu = menu & (_is_short(catalogue, rules.longest_months) | is_held)
    return Settled(menu, fee, is_assumed, switching_costs(catalogue, held, fee))


def with_commitments(
    table: DecisionTable, catalogue: Catalogue | None, rules: CommitmentRules | None = None
) -> DecisionTable:
    """Return labelled decisions with the exit fees, switching costs, menus and labels that rules give.

    Decisions without a catalogue, an instant, plans held or future bills are returned unchanged.

    Args:
        table: the decisions.
        catalogue: the plans.
        rules: the rules of the policy; None for the default ones.
    """
    if catalogue is None or table.as_of is None or table.held is None or table.future_bills is None:
        return table
    rules = rules or CommitmentRules()
    terms = settled(catalogue, rules, table.menu, table.held, table.as_of, table.commitment_ends)
    cost = table.future_bills + (0 if terms.switching_cost is None else terms.switching_cost)
    label = best_plan(cost, terms.menu, tie_ranks(catalogue, table.held))
    return replace(table, y=label, **terms._asdict())


def _is_short(catalogue: Catalogue, longest_months: int) -> np.ndarray:
    """Return which plans bind for at most this many months, shape (J,), bool."""
    return np.array([plan.contract.commitment_months <= longest_months for plan in catalogue.plans])
