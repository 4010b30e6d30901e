"""The plans of the simulated operator: the ladder, its new prices, a launch and a withdrawal."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from planrec.catalogue import Catalogue
from planrec.operating.rehearsal.setting import RehearsalSetting

if TYPE_CHECKING:
    from planrec.catalogue.plans import Plan

LAUNCHED, WITHDRAWN = "wide", "plus"
NEW_FEES = {"light": Decimal("24.00"), "base": Decimal("31.00"), "max": Decimal("36.00")}
CHANGES = ("price_change", "launch", "withdrawal")
"Faults that make a new version of the catalogue."


@dataclass(frozen=True)
class PlansOverTime:
    """The catalogue of every month."""

    setting: RehearsalSetting
    ladder: Catalogue

    def at(self, month: int) -> Catalogue:
        """Return the catalogue that is in force in a calendar month, counted from January 2018."""
        done = [name for name in CHANGES if self._is_done(name, month)]
        return self._catalogue(tuple(done)) if done else self.ladder

    def changes_in(self, month: int) -> list[str]:
        """List the changes of the catalogue that begin in a month."""
        return [name for name in CHANGES if self.setting.happens(name, month)]

    @cached_property
    def plan_ids(self) -> tuple[str, ...]:
        """Ids of all plans that there ever are, in the order of the catalogues."""
        return (*self.ladder.plan_ids, LAUNCHED)

    def all_plans_at(self, month: int) -> Catalogue:
        """Return the prices of a month for all plans that there ever are, to rate bills on them."""
        done = {name for name in CHANGES if self._is_done(name, month)} | {"launch"}
        return self._catalogue(tuple(name for name in CHANGES if name in done))

    def _is_done(self, change: str, month: int) -> bool:
        begins = self.setting.month_of(change)
        return begins is not None and month >= begins

    def _catalogue(self, done: tuple[str, ...]) -> Catalogue:
        plans = [_changed(plan, done) for plan in self.ladder.plans]
        if "launch" in done:
            plans.append(_launched(self.ladder.plan(WITHDRAWN)))
        # A copy would not check the rules between plans.
        content = self.ladder.model_dump(mode="json", by_alias=True)
        content["version"] = "2019." + "+".join(done)
        content["plans"] = [plan.model_dump(mode="json", by_alias=True) for plan in plans]
        return Catalogue.model_validate(content)


def _changed(plan: "Plan", done: tuple[str, ...]) -> "Plan":
    """Return a plan of the ladder after some changes."""
    if "price_change" in done and plan.id in NEW_FEES:
        plan = _with(plan, recurring=NEW_FEES[plan.id])
    if "withdrawal" in done and plan.id == WITHDRAWN:
        plan = plan.model_copy(update={"sellable": False})
    return plan


def _launched(like: "Plan") -> "Plan":
    """Return the new plan: as one of the ladder, with other data and another fee."""
    data = like.services.data.model_copy(update={"included": Decimal(26)})
    services = like.services.model_copy(update={"data": data})
    named = like.model_copy(update={"id": LAUNCHED, "name": "Wide", "services": services})
    return _with(named, recurring=Decimal("33.00"))


def _with(plan: "Plan", recurring: Decimal) -> "Plan":
    return plan.model_copy(update={"fee": plan.fee.model_copy(update={"recurring": recurring})})
