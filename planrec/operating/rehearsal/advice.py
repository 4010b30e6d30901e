"""One day of advice of one side: requests, the answers of the real recommender, rows of the real log."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from planrec.operating.rehearsal.month_files import MonthStore, name_of
from planrec.operating.rehearsal.world import World
from planrec.recommending.answer import Answer, ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import SavedRun
from planrec.schema.request import Request, fields_of, json_of
from planrec.serving.decision_log import LoggedAnswer, LoggedDecision, LoggedRun, write_rows
from planrec.serving.decision_log.logged_answer import row_of


@dataclass(frozen=True)
class DayOfAdvice:
    """The advice of one side on one day, one entry per subscriber who asked."""

    month: int
    day: int
    subscriber: np.ndarray
    "Shape (k,): positions."
    held: np.ndarray
    "Shape (k,): plan held, as index of all plans."
    advised: np.ndarray
    "Shape (k,): plan advised, as index of all plans; the plan held for `stay`, -1 without advice."
    saving: np.ndarray
    "Shape (k,): monthly saving that the answer names; 0 without advice to move."
    ids: tuple[str, ...]
    "Recommendation ids; empty if nothing was answered."


class Adviser:
    """Asks a run for a side, and remembers the advice of each subscriber."""

    def __init__(self, side: str, world: World, log_url: str) -> None:
        """Name the side; `log_url` is its decision log."""
        self.side, self.world, self.log_url = side, world, log_url
        self.key = sha256(f"rehearsal {world.setting.seed}".encode()).digest()
        self.last = np.full(len(world.arrives), -1)

    def advise(self, run: SavedRun, store: MonthStore, held: np.ndarray, month: int, day: int) -> DayOfAdvice:
        """Answer the subscribers who ask on a day, from the months of a store, and log the answers."""
        asked, plans = self.world.asked(month, day), self.world.plans.plan_ids
        requests = {
            f"{self.side}-{name_of(month)}-{day:02d}-{who + 1}": self._request(
                run, store, who, held[who], month, day
            )
            for who in asked.tolist()
        }
        model = ModelName(run.run_id, run.manifest.versions["planrec"])
        answers = answers_of(run.recommender, requests, model)
        self._log(run, requests, answers, f"{name_of(month)}-{day:02d}")
        advised = np.array(
            [_plan_of(answer, plans, held[who]) for answer, who in zip(answers, asked, strict=True)]
        )
        self.last[asked] = np.where(advised >= 0, advised, self.last[asked])
        saving = np.array(
            [float(answer.first.expected_saving or 0) if answer.advised else 0.0 for answer in answers]
        )
        return DayOfAdvice(month, day, asked, held[asked], advised, saving, tuple(requests))

    def no_advice(self, held: np.ndarray, month: int, day: int) -> DayOfAdvice:
        """Give no advice to those who ask on a day."""
        asked = self.world.asked(month, day)
        return DayOfAdvice(month, day, asked, held[asked], np.full(len(asked), -1), np.zeros(len(asked)), ())

    def _request(
        self, run: SavedRun, store: MonthStore, who: int, held: int, month: int, day: int
    ) -> Request:
        """Make the request of a subscriber; it is for the day, or for the month after older months."""
        plans, known = self.world.plans.plan_ids, run.recommender.plans
        months = store.window(who, month)
        last = plans[self.last[who]] if self.last[who] >= 0 else None
        is_current = bool(months) and months[-1].month == name_of(month - 1)
        return Request(
            attributes={},
            months=months,
            as_of=f"{name_of(month)}-{day:02d}" if is_current or not months else None,
            plan_held=plans[held] if plans[held] in known else None,
            last_recommended=last if last in known else None,
            subscriber=str(who + 1),
        )

    def _log(self, run: SavedRun, requests: dict[str, Request], answers: Sequence[Answer], day: str) -> None:
        logged, fields = LoggedRun.of(run), fields_of(run.recommender.inputs)
        rows = [
            self._row(
                answer, request, json_of(request, fields), logged, f"{day}T12:00:{0:02d}.{number:06d}+00:00"
            )
            for number, (answer, request) in enumerate(zip(answers, requests.values(), strict=True))
        ]
        write_rows(self.log_url, rows)

    def _row(
        self, answer: Answer, request: Request, content: bytes, run: LoggedRun, time: str
    ) -> LoggedDecision:
        """Return the row of the log, at the time of the rehearsal."""
        name = answer.recommendation_id
        decision = LoggedAnswer(
            name, name, request.subscriber, content, "en", encoded(answer), answer.arm, 0.0, run
        )
        return row_of(decision, self.key)._replace(time=time)


def _plan_of(answer: Answer, plans: tuple[str, ...], held: int) -> int:
    if answer.decision == "abstain":
        return -1
    return plans.index(answer.advised) if answer.advised else int(held)
