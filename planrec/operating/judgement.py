"""Challenger, refitted champion and champion as it is served, judged on the same new decisions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from planrec.config.run_config import RunConfig
from planrec.evaluation import evaluated_table
from planrec.files.json_file import JsonObject
from planrec.metrics import METRICS, Estimate, SubscriberDraws, draws_of, metric_draws, paired_difference
from planrec.metrics.intervals import interval_of
from planrec.operating.non_inferiority import MarginGate, Margins
from planrec.recommending.recommender import Recommender
from planrec.reports.leaderboard.board import can_rank
from planrec.runs.read import RunRecord, read_out_of_fold
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    import pandas as pd

CHALLENGER, REFITTED, CHAMPION = "challenger", "refitted", "champion"
FEWEST = 100
"Segments with fewer decisions are not compared."
MOST_GROUPS = 50
"Columns with more values are measurements, not segments."


@dataclass(frozen=True)
class Judgement:
    """The comparisons of a challenger."""

    gates: tuple[MarginGate, ...]
    "Those of all decisions first, then those by segment."
    values: Mapping[str, Mapping[str, Estimate]]
    "Side -> metric -> value on the judged decisions."
    n_decisions: int
    n_subscribers: int
    since: np.datetime64 | None
    "First judged day; None if the data has no time."

    @property
    def overall(self) -> list[MarginGate]:
        """The comparisons of all decisions: each must hold."""
        return [each for each in self.gates if each.segment is None]

    @property
    def outcome(self) -> Literal["passed", "undecided", "refused"]:
        """Whether the challenger may be promoted.

        Every comparison of all decisions must hold, and no segment may surely be worse by more than the
        margin. A segment that is too small to decide does not refuse: with twenty of them chance alone would.
        """
        verdicts = [each.verdict for each in self.overall]
        if "broken" in (*verdicts, *(each.verdict for each in self.gates)):
            return "refused"
        return "passed" if verdicts and set(verdicts) == {"holds"} else "undecided"

    def as_json(self) -> JsonObject:
        """Return the judgement as JSON values; NaN becomes null."""
        return {
            "outcome": self.outcome,
            "since": None if self.since is None else str(self.since),
            "n_decisions": self.n_decisions,
            "n_subscribers": self.n_subscribers,
            "values": {
                side: {metric: value.as_json() for metric, value in found.items()}
                for side, found in self.values.items()
            },
            "gates": [
                {
                    "verdict": each.verdict,
                    "against": each.against,
                    "metric": each.metric,
                    "segment": each.segment,
                    "worse_by": each.worse_by.as_json(),
                    "margin": each.margin,
                    "n_decisions": each.n_decisions,
                    "n_subscribers": each.n_subscribers,
                    "subscribers_needed": each.subscribers_needed,
                }
                for each in self.gates
            ],
        }


def judge(
    challenger: RunRecord,
    refitted: RunRecord | None,
    champion: Recommender,
    table: DecisionTable,
    fresh: np.ndarray,
    config: RunConfig,
    margins: Margins,
) -> Judgement | None:
    """Compare the challenger with the other sides on the decisions that all of them judge honestly.

    Challenger and refitted champion are judged by their out-of-fold rows: each decision by a model that was
    fitted on earlier decisions of other subscribers, as the splitter of the config says. The champion decides
    as it is served.

    Args:
        challenger: the run that was trained on the new table.
        refitted: the champion's config, trained on the new table; None if it is the challenger's.
        champion: that of the pinned run.
        table: the new decisions, on which the runs were trained.
        fresh: positions of the decisions that the champion was not trained on.
        config: that of the challenger.
        margins: the margins of the gates.

    Returns:
        The judgement; None if the splitter tests no decision that is new to the champion.
    """
    trained = {CHALLENGER: challenger} | ({REFITTED: refitted} if refitted is not None else {})
    sides = {side: read_out_of_fold(run, [run.manifest.model_kind]) for side, run in trained.items()}
    tested = np.sort(sides[CHALLENGER][OutOfFold.DECISION_ID].unique())
    rows = np.intersect1d(fresh, tested)
    if len(rows) == 0:
        return None
    sides[CHAMPION] = _as_served(champion, table, tested, config)
    sides = {side: found[found[OutOfFold.DECISION_ID].isin(rows)] for side, found in sides.items()}
    judged = _Sides(
        sides, draws_of(sides[CHAMPION], config.seed, config.n_bootstrap), gated_metrics(config), margins
    )
    with threadpool_limits(1):
        gates = (*judged.overall(), *judged.by_segment())
    return Judgement(
        gates,
        judged.values,
        len(rows),
        len(judged.draws.ids),
        None if table.as_of is None else table.as_of[rows].min(),
    )


def _as_served(
    champion: Recommender, table: DecisionTable, tested: np.ndarray, config: RunConfig
) -> "pd.DataFrame":
    """Decide the tested rows with the champion.

    They include rows that are not judged: advice depends on the advice before, so all sides must begin at the
    same decision of each subscriber.
    """
    alone = config.model_copy(update={"baselines": {}})
    found = evaluated_table({CHAMPION: champion}, table.take(tested), alone)
    found[OutOfFold.DECISION_ID] = tested[found[OutOfFold.DECISION_ID]]
    return found


def gated_metrics(config: RunConfig) -> tuple[str, ...]:
    """Return the metrics that decide: the first one that ranks, and those with a guard."""
    ranking = [name for name in config.metrics if can_rank(name)]
    guarded = [name for name in ranking if METRICS[name].at_most is not None]
    return tuple(dict.fromkeys([*ranking[:1], *guarded]))


@dataclass(frozen=True)
class _Sides:
    """The rows of all sides."""

    rows: "Mapping[str, pd.DataFrame]"
    "Side -> its rows of the judged decisions."
    draws: SubscriberDraws
    metrics: Sequence[str]
    "Those that decide."
    margins: Margins

    @cached_property
    def draws_by_metric(self) -> dict[tuple[str, str], np.ndarray]:
        """The draws of each side and metric that is defined, the value first."""
        every = {
            (side, metric): metric_draws(found, metric, self.draws)
            for side, found in self.rows.items()
            for metric in self.metrics
        }
        return {key: values for key, values in every.items() if not np.isnan(values[0])}

    @property
    def values(self) -> dict[str, dict[str, Estimate]]:
        """Side -> metric -> value with its interval."""
        values: dict[str, dict[str, Estimate]] = {side: {} for side in self.rows}
        for (side, metric), found in self.draws_by_metric.items():
            values[side][metric] = Estimate(float(found[0]), *interval_of(found))
        return values

    def overall(self) -> Iterator[MarginGate]:
        """Yield the gates of all decisions."""
        for side, metric in self.draws_by_metric:
            if side != CHALLENGER:
                pair = self.draws_by_metric[CHALLENGER, metric], self.draws_by_metric[side, metric]
                yield self._gate(side, metric, None, pair, self.rows[CHAMPION])

    def by_segment(self) -> Iterator[MarginGate]:
        """Yield the gates against the champion by segment."""
        for column in _segment_columns(self.rows[CHAMPION]):
            for value, part in self.rows[CHAMPION].groupby(column, sort=True):
                if len(part) < FEWEST:
                    continue
                name = f"{column.removeprefix(OutOfFold.SEGMENT)}={value}"
                for metric in (metric for side, metric in self.draws_by_metric if side == CHAMPION):
                    pair = self._of_part(CHALLENGER, metric, part), self._of_part(CHAMPION, metric, part)
                    yield self._gate(CHAMPION, metric, name, pair, part)

    def _of_part(self, side: str, metric: str, part: "pd.DataFrame") -> np.ndarray:
        found = self.rows[side]
        mine = found[OutOfFold.DECISION_ID].isin(part[OutOfFold.DECISION_ID]).to_numpy(bool)
        return metric_draws(found, metric, self.draws, mine)

    def _gate(
        self,
        side: str,
        metric: str,
        segment: str | None,
        pair: tuple[np.ndarray, np.ndarray],
        part: "pd.DataFrame",
    ) -> MarginGate:
        """Compare the draws of the challenger, first in the pair, with those of another side."""
        challenger, other = pair
        is_reversed = METRICS[metric].higher_is_better
        worse = paired_difference(challenger, other) if is_reversed else paired_difference(other, challenger)
        margin = self.margins.of(metric, float(self.draws_by_metric[side, metric][0]))
        n_subscribers = int(part[OutOfFold.SUBSCRIBER].nunique())
        return MarginGate(side, metric, segment, worse, margin, len(part), n_subscribers)


def _segment_columns(rows: "pd.DataFrame") -> list[str]:
    named = [name for name in rows.columns if name.startswith(OutOfFold.SEGMENT)]
    columns = [OutOfFold.USAGE_DECILE, OutOfFold.HELD, *named]
    return [name for name in columns if name in rows.columns and 1 < rows[name].nunique() <= MOST_GROUPS]
