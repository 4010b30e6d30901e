"""All advice whose months came, of all runs, in one table with the columns of `OutOfFold`."""

from collections import ChainMap, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from planrec.data.protected import UNKNOWN, groups_by_value
from planrec.errors import DataError, LogError, RunError
from planrec.monitoring.outcomes.advice_given import label_months
from planrec.monitoring.outcomes.outcome_table import stored_outcomes
from planrec.monitoring.realised.judged_run import AdviceWithMonths, JudgedRun
from planrec.monitoring.realised.logged_requests import PastAdvice, read_advice
from planrec.monitoring.realised.months_that_came import MonthsThatCame
from planrec.runs.read import SavedRun
from planrec.schema.decision_rows import month_number, running_month
from planrec.schema.predictions import OutOfFold
from planrec.serving.decision_log.chain import LoggedEvent
from planrec.serving.decision_log.log_tables import append_event
from planrec.serving.decision_log.search import Days
from planrec.serving.decision_log.session import session
from planrec.serving.replay.replayed_answer import load_logged_run

if TYPE_CHECKING:
    import pandas as pd

Unjudged = Literal[
    "not_over",
    "months_missing",
    "left",
    "answered_again",
    "plan_held_unknown",
    "no_bills",
    "no_run",
    "unreadable",
]
UNJUDGED: dict[Unjudged, str] = {
    "not_over": "the months after the decision are not over",
    "months_missing": "the months are over, and at least one did not arrive",
    "left": "the subscriber left before the months were over",
    "answered_again": "the subscriber got another answer on the same day of decision, which is judged",
    "plan_held_unknown": "the request does not name the plan held",
    "no_bills": "the run does not advise on bills",
    "no_run": "the run is not in the folder of runs, or was changed",
    "unreadable": "the row of the log was changed, or was written by a later version of PlanRec",
}
"Why advice is not judged."


@dataclass(frozen=True)
class RealisedTable:
    """The advice that can be judged, and the reasons for which other advice cannot."""

    rows: "pd.DataFrame | None"
    """Columns of `OutOfFold`, `recommendation_id`, `run` and `run_sha256`; a row per decision and model:
    `advised`, and the baselines that all runs share. None if no advice can be judged."""
    runs: Sequence[SavedRun]
    "The runs whose advice is judged, the latest last."
    unjudged: Mapping[Unjudged, Sequence[str]]
    "Reason -> ids of the advice."
    events: Mapping[str, set[str]]
    "recommendation_id -> accepted, declined, left; of judged advice."
    bill_differences: Mapping[tuple[str, str], float]
    "Of the judged months, see `bill_differences`."
    n_differing: int
    "Judged decisions that the runs would not repeat now."
    newest_month: int | None = None
    "The last month whose usage came, see `month_number`."
    rare_groups: Mapping[str, int] = field(default_factory=dict)
    "Protected column -> number of groups of too few subscribers, which are part of OTHER."


def realised_table(url: str, outputs: Path, days: Days | None = None) -> RealisedTable:
    """Judge the advice in a decision log by the outcomes beside it.

    Args:
        url: the decision log, see `Database`.
        outputs: folder in which the runs that answered are looked for.
        days: days of the decisions (`as_of`); None for all.

    Raises:
        LogError: the log cannot be read.
    """
    with session(url, "read") as connection:
        logged = read_advice(connection, days or Days())
        came = MonthsThatCame.of(stored_outcomes(connection), logged.owners)
        # Last, because it locks the log until the end of the transaction, and servers write to it.
        content = {"days": str(days or Days()), "answers": len(logged.advice)}
        append_event(connection, LoggedEvent.of("realised", content))
    judging = _Judging(came)
    judging.leave_out("unreadable", logged.unreadable)
    by_run = defaultdict(list)
    for each in judging.latest(logged.advice):
        by_run[each.run.run_sha256].append(each)
    in_order = sorted(by_run.values(), key=lambda advice: advice[-1].time)
    judged = [run for advice in in_order if (run := judging.logged_run(advice, outputs))]
    rows = _joined(judged)
    return RealisedTable(
        rows=rows,
        rare_groups={} if rows is None else dict(_merge_rare_groups(rows)),
        runs=[run.saved for run in judged],
        unjudged=judging.unjudged,
        events={each.recommendation_id: judging.events(each) for run in judged for each in run.advice},
        bill_differences=ChainMap(*(dict(run.bill_differences) for run in judged)),
        n_differing=sum(run.n_differing() for run in judged),
        newest_month=came.newest,
    )


def judged_advice(saved: SavedRun, advice: Sequence[PastAdvice], came: MonthsThatCame) -> JudgedRun | None:
    """Judge the advice of one run by the months that came; None if none of it can be judged."""
    judging = _Judging(came)
    return judging.judged_run(saved, judging.latest(advice))


@dataclass
class _Judging:
    """PastAdvice that is sorted into judged and unjudged."""

    came: MonthsThatCame
    unjudged: dict[Unjudged, list[str]] = field(default_factory=dict)
    running: int = field(default_factory=lambda: month_number(running_month()))

    def leave_out(self, reason: Unjudged, names: Sequence[str]) -> None:
        """Note why this advice is not judged."""
        if names:
            self.unjudged.setdefault(reason, []).extend(names)

    def latest(self, advice: Sequence[PastAdvice]) -> list[PastAdvice]:
        """Keep the last answer of a run to a subscriber on a day of decision; it gets the events of all."""
        last: dict[tuple[str, str, str], PastAdvice] = {}
        for each in advice:
            key = (each.run.run_sha256, each.owner, each.as_of)
            if before := last.pop(key, None):
                self.leave_out("answered_again", [before.recommendation_id])
                self.came.move_events(before.recommendation_id, each.recommendation_id)
            last[key] = each
        return list(last.values())

    def events(self, advice: PastAdvice) -> set[str]:
        """Return the events of an answer."""
        return set(self.came.events.get(advice.recommendation_id, ()))

    def logged_run(self, advice: Sequence[PastAdvice], outputs: Path) -> JudgedRun | None:
        """Find the run of some advice and judge it; None if none of it can be judged."""
        try:
            saved = load_logged_run(advice[0].recommendation_id, advice[0].run, outputs)
        except (RunError, LogError):
            self.leave_out("no_run", [each.recommendation_id for each in advice])
            return None
        return self.judged_run(saved, advice)

    def judged_run(self, saved: SavedRun, advice: Sequence[PastAdvice]) -> JudgedRun | None:
        """Judge the advice of one run; None if none of it can be judged."""
        pairs = [pair for each in advice if (pair := self._with_months(saved, each))]
        return self._rated(saved, pairs) if pairs else None

    def _rated(self, saved: SavedRun, pairs: Sequence[AdviceWithMonths]) -> JudgedRun | None:
        """Rate the months; advice whose request was changed in the log is left out."""
        try:
            return JudgedRun.of(saved, pairs)
        except (DataError, ValueError, LookupError, TypeError):
            if len(pairs) == 1:
                self.leave_out("unreadable", [pairs[0][0].recommendation_id])
                return None
        readable = [pair for pair in pairs if self._rated(saved, [pair])]
        return JudgedRun.of(saved, readable) if readable else None

    def _with_months(self, saved: SavedRun, advice: PastAdvice) -> AdviceWithMonths | None:
        """Return advice with its label months; None if it cannot be judged."""
        recommender = saved.recommender
        reason: Unjudged
        if recommender.catalogue is None or not recommender.horizon or not recommender.inputs.asks_held:
            reason = "no_bills"
        elif advice.request.plan_held not in recommender.plans:
            reason = "plan_held_unknown"
        elif months := self.came.after(advice, recommender.horizon):
            return advice, months
        else:
            reason = self._reason_of_missing(advice, recommender.horizon)
        self.leave_out(reason, [advice.recommendation_id])
        return None

    def _reason_of_missing(self, advice: PastAdvice, horizon: int) -> Unjudged:
        if self.came.has_left(advice):
            return "left"
        return "not_over" if label_months(advice.as_of, horizon)[-1] >= self.running else "months_missing"


def _joined(judged: Sequence[JudgedRun]) -> "pd.DataFrame | None":
    """Join the rows of all runs, with the baselines that all of them have."""
    import pandas as pd

    if not judged:
        return None
    baselines = [dict(run.baselines()) for run in judged]
    shared = [name for name in baselines[0] if all(name in of_run for of_run in baselines)]
    parts = []
    start = 0
    for run, of_run in zip(judged, baselines, strict=True):
        for rows in (run.advised(), *(of_run[name] for name in shared)):
            rows[OutOfFold.DECISION_ID] += start
            parts.append(rows)
        start += len(run.advice)
    rows = pd.concat(parts, ignore_index=True)
    return _with_all_plans(rows) if len(judged) > 1 else rows


def _merge_rare_groups(rows: "pd.DataFrame") -> Iterator[tuple[str, int]]:
    """Make rare groups of protected columns part of OTHER; yield each column with some, and their number."""
    subscribers = rows[OutOfFold.SUBSCRIBER].to_numpy()
    for name in [name for name in rows.columns if name.startswith(OutOfFold.SEGMENT)]:
        rows[name], n_rare = groups_by_value(rows[name].to_numpy(object), subscribers)
        if n_rare:
            yield name.removeprefix(OutOfFold.SEGMENT), n_rare


def _with_all_plans(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Fill the columns of plans that are not in the catalogue of every run: they were not on the menu."""
    blank = {
        OutOfFold.PROBABILITY: 0.0,
        OutOfFold.MENU: False,
        OutOfFold.SWITCHING: 0.0,
        OutOfFold.FUTURE: 0.0,
    }
    for prefix, value in blank.items():
        names = [name for name in rows.columns if name.startswith(prefix)]
        rows[names] = rows[names].astype(object).where(rows[names].notna(), value).infer_objects()
    segments = [name for name in rows.columns if name.startswith(OutOfFold.SEGMENT)]
    rows[segments] = rows[segments].fillna(UNKNOWN)
    return rows
