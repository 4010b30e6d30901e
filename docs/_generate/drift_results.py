"""The page with the figures that the drift check must reach, and the figures reached, on simulated days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import fill

import numpy as np

from planrec.input_drift import PLAN_ADVISED, PLAN_HELD, hard_problems
from planrec.input_drift.cheaper_evidence import Bills, cheaper_evidence, is_surely_wrong
from planrec.input_drift.evidence import (
    REFERENCE_DAYS,
    THRESHOLD,
    day_p_values,
    evidence_of_all,
    with_day,
)
from planrec.input_drift.streams import Streams
from planrec.monitoring.drift_check.logged_days import answered
from planrec.runs.manifest import Manifest
from planrec.runs.read import load_run, read_profile
from planrec.schema.columns import Columns, Usage, lag
from planrec.training.experiment import load_decisions

RUN = ["model=forecast", "data.n_subscribers=2000", "cv.n_folds=2", "n_bootstrap=50", "baselines=[]"]
N_POOL = 3_000
"New subscribers, of whom each day picks some."
N_ANSWERS = 1_000
N_SEEDS = 20
N_QUIET = 10
"Seeds of quiet days."
QUIET_DAYS = 400
SETTLED_DAYS = 20
"Quiet days that are judged before a change."
MOST_DELAY = 45
SPREADS = (0.0, 0.05, 0.10)
FACTORS = np.exp(np.linspace(-0.45, 0.45, 13))
"Factors of usage for which the advice is computed; a day uses the nearest one."
N_BILLS = 100
SERVICE = {"voice_calls": 0, "voice_minutes": 0, "voice_minutes_billed": 0, "sms": 1, "data_mib": 2}

Train = Callable[[list[str], Path], Manifest]


@dataclass(frozen=True)
class Kind:
    """A kind of days."""

    spread: float
    "Standard deviation of the log of each service's level from day to day."
    growth: float = 1.0
    "Factor of all usage."
    is_common: bool = False
    "Whether one factor moves all services of a day."
    has_weekends: bool = False
    "Whether there are half as many answers on two of seven days, with a fifth less usage."


@dataclass(frozen=True)
class Pool:
    """Decisions of subscribers that the run has not seen, all of one month, and the run that answers them."""

    streams: Streams
    columns: Columns
    advised: np.ndarray
    "Advice by factor and decision, shape (factors, n), object."
    probability: np.ndarray
    "P(cheaper) of the advice to move."
    was_cheaper: np.ndarray
    "Whether it was, by the bills that came in the simulator."

    @classmethod
    def of(cls, folder: Path) -> "Pool":
        saved = load_run(folder)
        config = saved.config
        data = config.data.model_copy(update={"seed": 1, "n_subscribers": N_POOL})
        table = load_decisions(config.model_copy(update={"data": data})).table
        table = table.take(np.flatnonzero(table.as_of == table.as_of.max()))
        advised = []
        for factor in FACTORS:
            usage = {name: values * (factor if "." in name else 1) for name, values in table.X.items()}
            advised.append(answered(saved.recommender, replace(table, X=usage))[0][PLAN_ADVISED])
        prediction, decisions = saved.recommender.recommend(table)
        moved = np.flatnonzero(decisions.decision == "recommend")
        plan, held = decisions.recommended[moved], table.held[moved]
        costs = table.future_bills + table.switching_cost
        columns = answered(saved.recommender, table)[0]
        return cls(
            Streams(read_profile(saved)),
            columns,
            np.array(advised, object),
            prediction.prob_cheaper[moved, plan],
            costs[moved, plan] < table.future_bills[moved, held],
        )

    def day(self, rng: np.random.Generator, kind: Kind, number: int) -> Columns:
        """Draw the columns of one day."""
        is_weekend = kind.has_weekends and number % 7 >= 5
        rows = rng.integers(0, len(self.advised[0]), N_ANSWERS // 2 if is_weekend else N_ANSWERS)
        level = np.exp(rng.normal(0, kind.spread, 1 if kind.is_common else 3)) * np.ones(3)
        level *= kind.growth * (0.8 if is_weekend else 1)
        columns = {name: values[rows] for name, values in self.columns.items()}
        for service, number_of in SERVICE.items():
            if (name := lag(service, 1)) in columns:
                columns[name] = columns[name] * level[number_of]
                if service in (Usage.VOICE_CALLS, Usage.SMS):
                    columns[name] = np.round(columns[name])
        nearest = np.abs(np.log(FACTORS) - np.log(level).mean()).argmin()
        columns[PLAN_ADVISED] = self.advised[nearest][rows]
        return columns

    def counts(self, rng: np.random.Generator, kind: Kind, n_days: int) -> np.ndarray:
        """Count days, shape (days, rows, cells)."""
        return np.stack([self.streams.count(self.day(rng, kind, number)) for number in range(n_days)])


def evidence_by_day(streams: Streams, counts: np.ndarray) -> np.ndarray:
    """Compute the evidence of all streams after each day that follows the reference days."""
    reference, evidence, found = counts[:REFERENCE_DAYS], np.zeros(len(streams.names)), []
    for today in counts[REFERENCE_DAYS:]:
        evidence = with_day(streams, evidence, day_p_values(streams, reference, today))
        found.append(evidence_of_all(streams, evidence))
    return np.array(found)


def n_alarms(evidence: np.ndarray) -> int:
    """Count the alarms; days in a row are one."""
    is_alarm = evidence >= THRESHOLD
    return int((is_alarm & ~np.append(False, is_alarm[:-1])).sum())


def delays(pool: Pool, kind: Kind, growth: float) -> list[float]:
    """Find the day of the alarm after a change, for each seed; infinite if it is not found in time."""
    found = []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng((2, seed))
        quiet = pool.counts(rng, kind, REFERENCE_DAYS + SETTLED_DAYS)
        changed = pool.counts(rng, replace(kind, growth=growth), MOST_DELAY)
        evidence = evidence_by_day(pool.streams, np.concatenate([quiet, changed]))[SETTLED_DAYS:]
        late = np.flatnonzero(evidence >= THRESHOLD)
        found.append(float(late[0] + 1) if len(late) else np.inf)
    return found


def quiet_alarms(pool: Pool, kind: Kind) -> tuple[int, int]:
    """Count alarms of quiet days over all seeds, and the most of one seed."""
    found = []
    for seed in range(N_QUIET):
        counts = pool.counts(np.random.default_rng((1, seed)), kind, REFERENCE_DAYS + QUIET_DAYS)
        found.append(n_alarms(evidence_by_day(pool.streams, counts)))
    return sum(found), max(found)


FAULTS: dict[str, tuple[str, Callable[[Columns], object]]] = {
    "data in KiB for MiB": ("data_mib.1", lambda day: day.update({"data_mib.1": day["data_mib.1"] * 1024})),
    "SMS of a day for those of a month": ("sms.1", lambda day: day.update({"sms.1": day["sms.1"] / 30})),
    "column missing": ("sms.1", lambda day: day.pop("sms.1")),
    "30 % of the plans held missing": (PLAN_HELD, lambda day: _blank_plans(day)),
    "the most frequent plan vanished": (PLAN_HELD, lambda day: _without_plan(day)),
}
"Fault -> the column that must be named, and the change of a day."


def _blank_plans(day: Columns) -> None:
    held = day[PLAN_HELD]
    day[PLAN_HELD] = np.where(np.arange(len(held)) % 10 < 3, None, held)


def _without_plan(day: Columns) -> None:
    plans, counts = np.unique(day[PLAN_HELD].astype(str), return_counts=True)
    rows = np.flatnonzero(day[PLAN_HELD] != plans[counts.argmax()])
    day.update({name: values[rows] for name, values in day.items()})


def fault_lines(pool: Pool) -> list[str]:
    """Return the rows of faults that must be named the same day, at the largest spread."""
    lines, kind = [], Kind(SPREADS[-1])
    for name, (column, change) in FAULTS.items():
        found = 0
        for seed in range(N_SEEDS):
            day = pool.day(np.random.default_rng((3, seed)), kind, 0)
            change(day)
            problems = hard_problems(pool.streams.profile, day)
            found += any(problem.startswith(f"{column}: ") for problem in problems)
        lines.append(f"| {name} | same day | {found} of {N_SEEDS} | {verdict(found == N_SEEDS)} |")
    rng = np.random.default_rng(4)
    quiet = sum(
        bool(hard_problems(pool.streams.profile, pool.day(rng, kind, number))) for number in range(QUIET_DAYS)
    )
    lines.append(f"| no fault | at most 1 in {QUIET_DAYS} days | {quiet} | {verdict(quiet <= 1)} |")
    return lines


def verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "**not reached**"


def shown(delay: float) -> str:
    return f"{delay:.0f}" if np.isfinite(delay) else f"more than {MOST_DELAY}"


def delay_cells(found: Sequence[float], must: bool) -> str:
    """Return median, ninth decile and share of the delays; the limits are 14 and 21 days."""
    ordered = sorted(found)
    median, ninth = ordered[len(ordered) // 2], ordered[len(ordered) * 9 // 10 - 1]
    in_time = sum(delay <= MOST_DELAY for delay in found)
    word = verdict(median <= 14 and ninth <= 21) if must else "no limit set"
    return f"{shown(median)} | {shown(ninth)} | {in_time} of {len(found)} | {word}"


def logit_shift(p: np.ndarray, bias: float) -> np.ndarray:
    """Shift the logits so that the mean is lower by `bias`."""
    logit, low, high = np.log(p / (1 - p)), 0.0, 5.0
    for _ in range(50):
        shift = (low + high) / 2
        low, high = (shift, high) if p.mean() - _inverse(logit - shift).mean() < bias else (low, shift)
    return _inverse(logit - low)


def _inverse(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


def bills_of(rng: np.random.Generator, p: np.ndarray, true: np.ndarray, n_days: int) -> list[Bills]:
    """Draw bills that are cheaper with the true probability."""
    days = [rng.integers(0, len(p), N_BILLS) for _ in range(n_days)]
    return [Bills(p[rows], rng.random(N_BILLS) < true[rows]) for rows in days]


def evidence_with_effect(days: list[Bills]) -> np.ndarray:
    """Return the evidence after each day; 0 if it is large without a bias that matters."""
    evidence = np.array(cheaper_evidence(days))
    for day in np.flatnonzero(evidence >= THRESHOLD):
        evidence[day] *= is_surely_wrong(days[: day + 1])
    return evidence


def cheaper_lines(pool: Pool) -> list[str]:
    """Return the rows about P(cheaper), and the sentence about the bills of the simulator."""
    p = np.clip(pool.probability, 0.001, 0.999)
    biased = logit_shift(p, 0.05)
    alarms, late = 0, []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng((5, seed))
        alarms += n_alarms(evidence_with_effect(bills_of(rng, p, p, QUIET_DAYS)))
        days = [*bills_of(rng, p, p, SETTLED_DAYS), *bills_of(rng, p, biased, MOST_DELAY)]
        evidence = evidence_with_effect(days)[SETTLED_DAYS:]
        found = np.flatnonzero(evidence >= THRESHOLD)
        late.append(float(found[0] + 1) if len(found) else np.inf)
    median = sorted(late)[N_SEEDS // 2]
    rate = alarms / N_SEEDS
    n_found = sum(delay <= MOST_DELAY for delay in late)
    groups = np.array_split(np.arange(len(p)), max(len(p) // N_BILLS, 1))
    own = cheaper_evidence([Bills(p[rows], pool.was_cheaper[rows]) for rows in groups])
    return [
        "| change | must | found | |",
        "|---|---|---|---|",
        f"| none, {N_SEEDS} x {QUIET_DAYS} days | at most 1 alarm in {QUIET_DAYS} days"
        f" | {alarms} alarms, {rate:.2f} in {QUIET_DAYS} days | {verdict(rate <= 1)} |",
        f"| 5 points too hopeful | median at most 14 days | median {shown(median)} days,"
        f" {n_found} of {N_SEEDS} within {MOST_DELAY} | {verdict(median <= 14)} |",
        "",
        wrapped(
            f"These bills are drawn from the probabilities. On the {len(p):,} bills that really came in the"
            f" simulator, the run predicted {p.mean() * 100:.1f} % cheaper, and"
            f" {pool.was_cheaper.mean() * 100:.1f} % were; the evidence after all of them is {own[-1]:,.1f}."
        ),
    ]


def wrapped(text: str) -> str:
    """Break a paragraph into lines, as the other pages have them."""
    return fill(" ".join(text.split()), 125, break_long_words=False, break_on_hyphens=False)


def season_line(folder: Path) -> str:
    """Describe a year and more of the simulator without any fault: its calendar and trend alone."""
    saved = load_run(folder)
    streams = Streams(read_profile(saved))
    data = saved.config.data.model_copy(update={"seed": 2, "n_subscribers": 1_000, "n_months": 30})
    table = load_decisions(saved.config.model_copy(update={"data": data})).table
    columns, counts, rng = answered(saved.recommender, table)[0], [], np.random.default_rng(6)
    for instant in np.unique(table.as_of):
        own = np.flatnonzero(table.as_of == instant)
        for _ in range(30):
            rows = own[rng.integers(0, len(own), N_ANSWERS)]
            counts.append(streams.count({name: values[rows] for name, values in columns.items()}))
    evidence = evidence_by_day(streams, np.stack(counts))
    late = np.flatnonzero(evidence >= THRESHOLD)
    first = f"on day {late[0] + 1}" if len(late) else "never"
    return (
        "Seasons and trends are drift for this check: usage in the simulator follows a calendar, and data"
        f" grows by 1.8 % a month. Over {len(evidence)} days of it without any other change and without"
        f" spread, the first alarm is {first}; such an alarm ends with a run that is trained on newer months."
    )


ABOUT = f"""Generated by `just docs --only drift`. Days of {N_ANSWERS:,} answers are drawn from {N_POOL:,}
subscribers of the simulator that the run (`{" ".join(RUN[:2])}`) was not trained on. On each day,
the usage of voice, SMS and data is multiplied by a factor of its own, with the spread that is
given. The advice is that of the nearest of {len(FACTORS)} factors. The figures are those of
[`planrec drift`](../how-to/notice-drift.md) with {REFERENCE_DAYS} reference days."""
MORE_USAGE = f"""Quiet days are {N_QUIET} seeds of {QUIET_DAYS} days each; days of an alarm in a row count
once. A change is looked for after {SETTLED_DAYS} judged quiet days, for {MOST_DELAY} days, with {N_SEEDS}
seeds. It must be found within 14 days in the median and 21 in nine of ten."""
MORE_HEADS = (
    f"| spread from day to day | false alarms in {QUIET_DAYS} quiet days (at most 1) | "
    "| days to find 15 % more usage, median | nine of ten | found | |\n|---|---|---|---|---|---|---|"
)


def drift_page(train: Train, folder: Path) -> str:
    """Train one run, draw the days, and return the page."""
    train(RUN, folder / "drift")
    pool = Pool.of(folder / "drift")
    lines = [
        *(_line(pool, f"{spread * 100:.0f} %", Kind(spread), must=spread < 0.1) for spread in SPREADS),
        _line(pool, "5 %, one factor for all services", Kind(0.05, is_common=True), must=False),
        _line(pool, "5 %, and weekends with half the answers and a fifth less usage", WEEKENDS, must=False),
    ]
    parts = [
        "# Drift",
        wrapped(ABOUT),
        "## Quiet days, and usage that grows by 15 %",
        wrapped(MORE_USAGE),
        "\n".join([MORE_HEADS, *lines]),
        wrapped(AFTER_TABLE),
        wrapped(season_line(folder / "drift")),
        "## Faults, at a spread of 10 %",
        "| fault | must be named | named | |\n|---|---|---|---|\n" + "\n".join(fault_lines(pool)),
        f"## P(cheaper), at {N_BILLS} bills a day",
        "\n".join(cheaper_lines(pool)),
    ]
    return "\n\n".join(parts) + "\n"


WEEKENDS = Kind(0.05, has_weekends=True)
AFTER_TABLE = """Services that move independently are judged together, too: a change that is small beside the
spread of each is large beside that of all. Weekdays that differ are spread between days like any other, so a
change is found later, without false alarms."""


def _line(pool: Pool, name: str, kind: Kind, *, must: bool) -> str:
    n, _ = quiet_alarms(pool, kind)
    rate = n / N_QUIET
    return f"| {name} | {rate:.2f} | {verdict(rate <= 1)} | {delay_cells(delays(pool, kind, 1.15), must)} |"
