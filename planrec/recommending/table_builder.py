"""Decision tables of requests: built in one way for the API, golden predictions and scored files."""

from dataclasses import dataclass, field

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.commitments import CommitmentRules, Settled, settled
from planrec.catalogue.menu import menu_of
from planrec.schema.columns import Columns, InputSchema
from planrec.schema.tables import DecisionTable


@dataclass(frozen=True)
class TableBuilder:
    """Builds the decision tables of one run."""

    inputs: InputSchema
    plans: tuple[str, ...]
    horizon: int
    catalogue: Catalogue | None
    rules: CommitmentRules = field(default_factory=CommitmentRules)
    "The rules of the run's policy."

    def build(
        self,
        X: Columns,
        n: int,
        as_of: np.ndarray | None = None,
        held: np.ndarray | None = None,
        last_recommended: np.ndarray | None = None,
        commitment_ends: np.ndarray | None = None,
    ) -> DecisionTable:
        """Build the decisions about these inputs, with their menus and switching costs.

        Args:
            X: lag columns and attributes, shape (n,) each.
            n: number of decisions.
            as_of: days of the decisions, shape (n,), datetime64[D]; None for rows without time.
            held: index of the plan held, shape (n,), int64, -1 if unknown; None if the run does not read it.
                Ignored without a catalogue.
            last_recommended: index of the last advice, shape (n,), int64, -1 if there was none.
            commitment_ends: first days on which leaving the plan held is free, shape (n,), datetime64[D],
                NaT if unknown; None if all are.
        """
        terms = Settled(np.ones((n, len(self.plans)), bool), None, None, None)
        minor_units = 1
        if self.catalogue is None or as_of is None or held is None:
            held = last_recommended = commitment_ends = None
        else:
            attributes = {column.becomes: X[column.becomes] for column in self.inputs.columns}
            menu = menu_of(self.catalogue, as_of, attributes, held)
            terms = settled(self.catalogue, self.rules, menu, held, as_of, commitment_ends)
            minor_units = 10**self.catalogue.exponent
        return DecisionTable(
            X=X,
            subscriber=np.arange(n),
            has_subscribers=False,
            plans=self.plans,
            inputs=self.inputs,
            as_of=as_of,
            horizon=self.horizon,
            held=held,
            last_recommended=last_recommended,
            commitment_ends=commitment_ends,
            minor_units=minor_units,
            **terms._asdict(),
        )

    def outside_validity(self, table: DecisionTable) -> tuple[np.ndarray, np.ndarray]:
        """Find the decisions on a day without a valid plan, and those with a plan held that had ended.

        Both have shape (n,), bool. The plan held must be valid on the day before the decision.
        """
        n = len(table)
        if self.catalogue is None or table.as_of is None or table.held is None:
            return np.zeros(n, bool), np.zeros(n, bool)
        day_before = table.as_of - np.timedelta64(1, "D")
        valid = self.catalogue.valid_on(np.concatenate([table.as_of, day_before]))
        without_plan = np.asarray(~valid[:n].any(axis=1))
        has_ended: np.ndarray = (table.held >= 0) & ~valid[np.arange(n, 2 * n), table.held]
        return without_plan, has_ended
