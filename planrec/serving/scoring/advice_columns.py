"""The columns of scored files: advice, its money, and the names that lead back to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.catalogue.monthly_cost import savings
from planrec.recommending.assumptions import assumptions_of
from planrec.recommending.recommender import Recommender
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences import Sentences

SUBSCRIBER_REF = "subscriber_ref"
RECOMMENDATION_ID = "recommendation_id"
SENTENCES = ("sentence", "sentence_short")
SAVINGS = ("saving_p10", "saving_p50", "saving_p90")
MOST_NINES = 1e9
"Amounts below this are rounded by way of nine decimals, which int64 holds."


@dataclass
class RecommendationIds:
    """The ids of one scored file: its own id and the number of the row.

    >>> RecommendationIds("0f3a").take(2).to_pylist()
    ['0f3a-1', '0f3a-2']
    """

    file_id: str
    n_taken: int = field(default=0, init=False)

    def take(self, n: int) -> pa.Array:
        """Return the ids of the next n rows."""
        numbers = pa.array(np.arange(self.n_taken + 1, self.n_taken + n + 1)).cast(pa.string())
        self.n_taken += n
        return pc.binary_join_element_wise(self.file_id, numbers, "-")


@dataclass(frozen=True)
class Advised:
    """Decisions about a table, and everything that their rows are written from."""

    table: DecisionTable
    prediction: Prediction
    decisions: Decisions
    sentences: Sequence[Sentences] | None
    "None if the sentences are left out."


@dataclass(frozen=True)
class AdviceColumns:
    """Writes advice as columns; money is in the currency's major unit."""

    recommender: Recommender
    run_id: str
    has_reasons: bool

    @cached_property
    def schema(self) -> pa.Schema:
        """Name and type of every column, in their order."""
        text, money = pa.string(), self._money
        reasons = ["reason", "assumptions", *(SENTENCES if self.has_reasons else [])]
        return pa.schema(
            [
                *((name, text) for name in (SUBSCRIBER_REF, RECOMMENDATION_ID)),
                ("as_of", pa.date32()),
                *((name, text) for name in ("run_id", "catalogue_version", "plan_held", "plan_held_name")),
                ("bill_held", money),
                *((name, text) for name in ("plan", "plan_name")),
                ("bill", money),
                ("decision", text),
                *((name, money) for name in ("saving", *SAVINGS)),
                *((name, text) for name in reasons),
            ]
        )

    def table(self, advised: Advised, subscriber: pa.Array, ids: pa.Array) -> pa.Table:
        """Return the rows of these decisions."""
        table, decisions, n = advised.table, advised.decisions, len(advised.table)
        held = np.full(n, -1) if table.held is None else table.held
        bills, sentences = advised.prediction.bill_mean, advised.sentences or []
        columns = {
            SUBSCRIBER_REF: subscriber,
            RECOMMENDATION_ID: ids,
            "as_of": pa.nulls(n) if table.as_of is None else pa.array(table.as_of.astype("datetime64[D]")),
            "run_id": pa.repeat(pa.scalar(self.run_id), n),
            "catalogue_version": pa.repeat(pa.scalar(self._version, pa.string()), n),
            **self._plan("plan_held", held),
            "bill_held": self._amounts(bills, held),
            **self._plan("plan", decisions.recommended),
            "bill": self._amounts(bills, decisions.recommended),
            "decision": pa.array(decisions.decision, pa.string()),
            **self._savings(advised),
            "reason": pa.array(decisions.reason, pa.string()),
            "assumptions": self._assumptions(advised),
            "sentence": pa.array([each.full for each in sentences], pa.string()),
            "sentence_short": pa.array([each.short for each in sentences], pa.string()),
        }
        return pa.Table.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)

    @property
    def _money(self) -> pa.Decimal128Type:
        catalogue = self.recommender.catalogue
        return pa.decimal128(18, catalogue.exponent if catalogue is not None else 2)

    @property
    def _version(self) -> str | None:
        return None if self.recommender.catalogue is None else self.recommender.catalogue.version

    def _plan(self, name: str, index: np.ndarray) -> dict[str, pa.Array]:
        """Look up id and name of a plan in each row; blank if its index is -1."""
        ids, catalogue = self.recommender.plans, self.recommender.catalogue
        named = {} if catalogue is None else {plan.id: plan.name for plan in catalogue.plans}
        names = [named.get(plan, plan) for plan in ids]
        place = pa.array(np.where(index >= 0, index, len(ids)))
        return {
            name: pa.array([*ids, None], pa.string()).take(place),
            f"{name}_name": pa.array([*names, None], pa.string()).take(place),
        }

    def _savings(self, advised: Advised) -> dict[str, pa.Array]:
        """Look up the expected saving of the plan advised and its quantiles; blank if it is not known."""
        prediction, plan = advised.prediction, advised.decisions.recommended
        matrices = [savings(advised.table, prediction), *(getattr(prediction, name) for name in SAVINGS)]
        amounts = [self._amounts(matrix, plan) for matrix in matrices]
        return dict(zip(("saving", *SAVINGS), amounts, strict=True))

    def _assumptions(self, advised: Advised) -> pa.Array:
        """Write the codes in `assumptions` of an answer, with spaces between; blank if there are none."""
        codes = assumptions_of(self.recommender, advised.table, advised.prediction)
        return pa.array([" ".join(of_row) or None for of_row in codes], pa.string())

    def _amounts(self, matrix: np.ndarray | None, plan: np.ndarray) -> pa.Array:
        """Look up the amount of one plan in each row; blank if there is no plan or no amount."""
        if matrix is None:
            return pa.nulls(len(plan), self._money)
        return _decimals(np.where(plan >= 0, matrix[np.arange(len(plan)), plan], np.nan), self._money)


def _decimals(amounts: np.ndarray, money: pa.Decimal128Type) -> pa.Array:
    """Convert amounts to decimals, rounded half away from zero as in the API; NaN becomes null."""
    known = ~np.isnan(amounts)
    size = np.abs(np.where(known, amounts, 0.0))
    # A mean of minor units is exact to far more than 9 decimals; rounding it first undoes binary fractions.
    nines = np.rint(np.minimum(size, MOST_NINES) * 10**9).astype(np.int64)
    step = 10 ** (9 - money.scale)
    whole = np.rint(size * 10**money.scale).astype(np.int64)
    minor = np.where(size < MOST_NINES, (nines + step // 2) // step, whole)
    minor = np.where(known & (amounts < 0), -minor, minor)
    # A decimal128 is an integer of 16 bytes: the minor units, and their sign.
    words = np.stack([minor, minor >> 63], axis=1)
    valid = np.packbits(known, bitorder="little")
    return pa.Array.from_buffers(money, len(amounts), [pa.py_buffer(valid), pa.py_buffer(words)])
