"""The world of the rehearsal: the simulator's subscribers go on, some arrive, some leave, bills come.

Both sides of the rehearsal see the same world. Every random number belongs to a subscriber and a month or a
day, so that advice changes nothing but the plan that is held.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planrec.catalogue import Catalogue, rate
from planrec.catalogue.yaml_file import read_model
from planrec.config.conf_folder import CONF
from planrec.data.hidden_truth import acceptance_chance, true_bills
from planrec.data.simulated_history import People, SimulatedPopulation, flatness, simulate
from planrec.operating.rehearsal.plans_over_time import PlansOverTime
from planrec.operating.rehearsal.setting import HISTORY, HORIZON, RehearsalSetting
from planrec.schema.columns import Columns, Usage

LEAVING = 0.013
"Chance of leaving in a month, equal on both sides; as many subscribers arrive."
JUMP = 1.3
"Factor of data use from the month of `usage_jump` on."


@dataclass(frozen=True)
class World:
    """Everything that happens whatever is advised; months are counted from January 2018."""

    setting: RehearsalSetting
    plans: PlansOverTime
    people: People
    usage: Columns
    "Shape (n, T) each: all months of all subscribers, also those before they arrive and after they leave."
    arrives: np.ndarray
    "Shape (n,), int64: first month of each subscriber."
    leaves: np.ndarray
    "Shape (n,), int64: first month in which the subscriber is gone; T if never."

    @property
    def n_months(self) -> int:
        """Months that are simulated: the history, the rehearsal, and those that judge its last advice."""
        return self.usage[Usage.SMS].shape[1]

    @property
    def months(self) -> range:
        """The months of the rehearsal."""
        return range(HISTORY, HISTORY + self.setting.n_months)

    def present(self, month: int) -> np.ndarray:
        """Return the subscribers of a month, as positions, ascending."""
        return np.flatnonzero((self.arrives <= month) & (month < self.leaves))

    def asked(self, month: int, day: int) -> np.ndarray:
        """Choose the subscribers who ask for advice on a day; all ask once before one asks again."""
        known = np.flatnonzero((self.arrives < month) & (month < self.leaves))
        drawn = self._random("asked", month).permutation(known)
        most = min(self.setting.per_day, len(drawn))
        places = self.setting.days.index(day) * most + np.arange(most)
        return np.sort(drawn[places % len(drawn)])

    def accepts(
        self, month: int, subscriber: np.ndarray, saving: np.ndarray, moves: tuple[np.ndarray, np.ndarray]
    ) -> np.ndarray:
        """Decide who accepts an offer, shape (k,), bool; the chance rises with the saving that was named.

        Args:
            month: month of the offer.
            subscriber: positions, shape (k,).
            saving: monthly saving in the answer, shape (k,).
            moves: plans held and offered, as indexes of `plans.plan_ids`, shape (k,) each.
        """
        flat = flatness(self.plans.all_plans_at(month))
        is_smaller = flat[moves[1]] < flat[moves[0]]
        chance = acceptance_chance(saving, 0.0, is_smaller * self.people.flat_preference[subscriber])
        return np.asarray(self._random("accepts", month).random(len(self.arrives))[subscriber] < chance)

    def offered(self, month: int, held: np.ndarray) -> np.ndarray:
        """Return the plans that can be had in a month, shape (k, J), bool; the plan held always can.

        Args:
            month: the month.
            held: plans held, as indexes of `plans.plan_ids`, shape (k,).
        """
        sold = {plan.id for plan in self.plans.at(month).plans if plan.sellable}
        offered = np.tile([plan in sold for plan in self.plans.plan_ids], (len(held), 1))
        offered[np.arange(len(held)), held] = True
        return offered

    @cached_property
    def bills(self) -> np.ndarray:
        """Bills of every subscriber and month on every plan, shape (n, T, J), the currency's major unit."""
        months = [
            rate({name: array[:, month] for name, array in self.usage.items()}, prices) / 10**prices.exponent
            for month, prices in self._prices
        ]
        return np.stack(months, axis=1)

    @cached_property
    def hidden_bills(self) -> np.ndarray:
        """The same as expected by the hidden levels: the truth behind chance."""
        months = [
            true_bills(self._level(month), np.array([month]), prices)[:, 0] for month, prices in self._prices
        ]
        return np.stack(months, axis=1)

    @property
    def _prices(self) -> list[tuple[int, Catalogue]]:
        return [(month, self.plans.all_plans_at(month)) for month in range(self.n_months)]

    def _level(self, month: int) -> np.ndarray:
        jump = self.setting.month_of("usage_jump")
        factor = JUMP if jump is not None and month >= jump else 1.0
        return self.people.level * np.array([1.0, 1.0, factor])

    def _random(self, purpose: str, month: int) -> np.random.Generator:
        return np.random.default_rng([self.setting.seed, month, *purpose.encode()])


def world_of(setting: RehearsalSetting) -> World:
    """Simulate the world of a rehearsal."""
    per_month = max(1, round(LEAVING * setting.n_subscribers))
    n, months = setting.n_subscribers + per_month * setting.n_months, HISTORY + setting.n_months + HORIZON - 1
    ladder = read_model(CONF / "catalogue" / "ladder.yaml", Catalogue)
    history, people = simulate(SimulatedPopulation(n, months, "default", "default", setting.seed), ladder)
    usage = {name: array.reshape(n, months) for name, array in history.usage.items()}
    newcomers = np.arange(n - setting.n_subscribers) // per_month + HISTORY
    arrives = np.concatenate([np.zeros(setting.n_subscribers, np.int64), newcomers])
    world = World(
        setting, PlansOverTime(setting, ladder), people, usage, arrives, _leaving(setting, arrives, months)
    )
    jump = setting.month_of("usage_jump")
    if jump is not None:
        usage[Usage.DATA_MIB][:, jump:] = np.round(usage[Usage.DATA_MIB][:, jump:] * JUMP, 2)
    return world


def _leaving(setting: RehearsalSetting, arrives: np.ndarray, months: int) -> np.ndarray:
    """Draw the month in which each subscriber is gone: in the rehearsal, after the month of arrival."""
    leaves = np.random.default_rng([setting.seed, *b"leaves"]).random((len(arrives), months)) < LEAVING
    leaves[:, : HISTORY + 1] = False
    leaves &= np.arange(months) > arrives[:, np.newaxis]
    return np.where(leaves.any(axis=1), leaves.argmax(axis=1), months)
