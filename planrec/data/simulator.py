"""`data=simulator`: a simulated operator; it needs no file."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.contracts import Source
from planrec.data.drifting_levels import Drift
from planrec.data.hidden_truth import hidden_bills
from planrec.data.simulated_history import SimulatedPopulation, simulate
from planrec.errors import DataError
from planrec.schema.tables import UsageHistory
from planrec.wording import shown


class Simulator(Source):
    """A simulated operator whose plans are those of the chosen catalogue."""

    gives: ClassVar[Literal["rows", "choices", "history"]] = "history"
    needs_catalogue: ClassVar[bool] = True

    kind: Literal["simulator"]
    n_subscribers: Annotated[int, Field(ge=1, le=50_000_000)]
    n_months: Annotated[int, Field(ge=1, le=1200)]
    "Calendar months from January 2018 on."
    profile: Literal["default", "heavy"]
    "`heavy`: lognormal data use (sigma 1), the long tail of real networks."
    regime: Literal["near_rational", "default", "strong_bias"]
    "How well subscribers choose their plan."
    drift: Drift
    "How levels of usage change: see docs/reference/simulator.md."
    seed: Annotated[int, Field(ge=0)]

    @property
    def population(self) -> SimulatedPopulation:
        """The simulated subscribers and months."""
        return SimulatedPopulation(
            self.n_subscribers, self.n_months, self.profile, self.regime, self.seed, self.drift
        )

    def hidden_bills(
        self, catalogue: Catalogue, subscriber: np.ndarray, as_of: np.ndarray, horizon: int
    ) -> np.ndarray:
        """Compute the true expected sum of each decision's bills: shape (n, J), float64, minor units."""
        return hidden_bills(self.population, catalogue, subscriber, as_of, horizon)

    def load(self, catalogue: Catalogue | None) -> UsageHistory:
        """Simulate the usage history on the catalogue's plans; equal options give equal histories.

        Raises:
            DataError: if there is no catalogue, or if options name columns that the simulator does not have.
        """
        if catalogue is None:
            raise DataError(f"data=simulator needs plans to choose from: type {typed(catalogue='ladder')}")
        named = {"drop": self.drop_columns, "protect": tuple(self.protected_columns)}
        if problems := [
            f"data.{verb}{'ed' if verb == 'protect' else ''}_columns must name columns of the source,"
            f" got {shown(columns)}; the simulator has usage and no attributes, so there is nothing to {verb}"
            for verb, columns in named.items()
            if columns
        ]:
            raise DataError(problems[0], problems[1:])
        return simulate(self.population, catalogue)[0]
