"""The decisions of one run whose months came, as an out-of-fold table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planrec.catalogue.commitments import with_commitments
from planrec.contracts import Fold, Model
from planrec.data.protected import UNKNOWN
from planrec.monitoring.outcomes.outcome_table import StoredOutcome
from planrec.monitoring.realised.bill_check import bill_differences
from planrec.monitoring.realised.logged_requests import PastAdvice
from planrec.monitoring.realised.months_that_came import bills_of
from planrec.recommending.recommender import Recommender, model_input
from planrec.runs.read import SavedRun
from planrec.schema.columns import Columns
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable
from planrec.training.fitting import build_pipeline
from planrec.training.out_of_fold import FoldPrediction, out_of_fold_table

if TYPE_CHECKING:
    import pandas as pd

ADVISED = "advised"
"The model of the advice that was given."
RECOMMENDATION_ID, RUN, RUN_SHA256 = "recommendation_id", "run", "run_sha256"
"Columns beside those of `OutOfFold`."

AdviceWithMonths = tuple[PastAdvice, Sequence[StoredOutcome]]
"PastAdvice and all of its label months."


@dataclass(frozen=True)
class JudgedRun:
    """The advice of one run, and the bills that came after it."""

    saved: SavedRun
    advice: Sequence[PastAdvice]
    table: DecisionTable
    "With the bills of the label months, and the label."
    bill_differences: Mapping[tuple[str, str], float]
    "See `bill_differences`."

    @classmethod
    def of(cls, saved: SavedRun, came: Sequence[AdviceWithMonths]) -> "JudgedRun":
        """Rate the label months of each decision on every plan of the run's catalogue.

        Raises:
            RequestError: a request is not one that the run can answer.
            ValueError: the run has no catalogue.
        """
        recommender = saved.recommender
        if recommender.catalogue is None:
            raise ValueError("advice without a catalogue cannot be judged by bills")
        advice = [each for each, _ in came]
        table = recommender.table([each.request for each in advice])
        months = [month for _, of_decision in came for month in of_decision]
        of_months = bills_of(months, recommender.catalogue)
        with_bills = replace(
            table,
            subscriber=np.array([each.owner for each in advice], object),
            has_subscribers=True,
            segments=_segments([months for _, months in came]),
            future_bills=of_months.reshape(len(advice), recommender.horizon, -1).sum(axis=1),
        )
        rules = recommender.policy.commitment_rules
        labelled = with_commitments(with_bills, recommender.catalogue, rules)
        sent = bill_differences(months, of_months, labelled.plans, labelled.minor_units)
        return cls(saved, advice, labelled, sent)

    def advised(self) -> "pd.DataFrame":
        """Return the rows of the advice that was given, with the run's predictions."""
        recommender = self.saved.recommender
        rows = self._rows(ADVISED, recommender)
        answers = [each.answer for each in self.advice]
        held = rows[OutOfFold.HELD].tolist()
        rows[OutOfFold.RECOMMENDED] = [
            answer.advised or (plan if answer.decision == "stay" else None)
            for answer, plan in zip(answers, held, strict=True)
        ]
        rows[OutOfFold.DECISION] = [answer.decision for answer in answers]
        rows[OutOfFold.REASON] = [answer.reason for answer in answers]
        rows[OutOfFold.LAST_RECOMMENDED] = [each.request.last_recommended for each in self.advice]
        cheaper = self._cheaper()
        for index, plan in enumerate(recommender.plans if not np.isnan(cheaper).all() else ()):
            rows[OutOfFold.CHEAPER + plan] = cheaper[:, index]
        return rows

    def baselines(self) -> "Iterator[tuple[str, pd.DataFrame]]":
        """Yield name and rows of each baseline of the run's config that learns nothing."""
        for name, model in self.saved.config.baselines.items():
            if not model.traits.probabilistic and model.traits.reads == "history":
                yield name, self._rows(name, self._rule(model))

    def n_differing(self) -> int:
        """Count the decisions that the run would not repeat now."""
        now = self.saved.recommender.recommend(self.table)[1]
        arms = [
            self.saved.recommender.plans[plan] if decision == "recommend" else decision
            for plan, decision in zip(now.recommended.tolist(), now.decision.tolist(), strict=True)
        ]
        given = [each.answer.advised or each.answer.decision for each in self.advice]
        return sum(now != then for now, then in zip(arms, given, strict=True))

    def _rows(self, name: str, recommender: Recommender) -> "pd.DataFrame":
        every = np.arange(len(self.table))
        predicted = FoldPrediction(
            number=0,
            fold=Fold(every[:0], every),
            policy=recommender.policy,
            prediction=recommender.predict(self.table),
            chances=recommender.bill_chances(self.table),
        )
        rows = out_of_fold_table(name, self.table, [predicted])
        rows[RECOMMENDATION_ID] = [each.recommendation_id for each in self.advice]
        rows[RUN], rows[RUN_SHA256] = self.saved.run_id, self.saved.sha256
        return rows

    def _rule(self, model: Model) -> Recommender:
        """Return a recommender of a rule, under the policy of the run."""
        config, recommender = self.saved.config, self.saved.recommender
        pipeline = build_pipeline(config, model, recommender.catalogue)
        pipeline.fit(model_input(config.features, model, self.table), self.table.y)
        return replace(recommender, pipeline=pipeline, model=model)

    def _cheaper(self) -> np.ndarray:
        """Read P(cheaper) from the answers, shape (n, J); NaN for plans that were not shown."""
        index = {plan: at for at, plan in enumerate(self.saved.recommender.plans)}
        cheaper = np.full(self.table.menu.shape, np.nan)
        for row, each in enumerate(self.advice):
            for item in each.answer.items:
                if item.prob_cheaper is not None and item.plan_id in index:
                    cheaper[row, index[item.plan_id]] = item.prob_cheaper
        return cheaper


def _segments(came: Sequence[Sequence[StoredOutcome]]) -> Columns:
    """Return the group of each decision in every protected column: that of its last label month."""
    groups = [months[-1].content.groups for months in came]
    names = dict.fromkeys(name for of_decision in groups for name in of_decision)
    return {
        name: np.array([of_decision.get(name, UNKNOWN) for of_decision in groups], object) for name in names
    }
