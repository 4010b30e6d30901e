"""A run and a sweep as rows of a list."""

from collections.abc import Iterator
from math import isnan
from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from planrec.commands.advice import command_line
from planrec.metrics import METRICS, MetricValue
from planrec.runs.manifest import Manifest
from planrec.sentences.locale_formats import Language
from planrec.training.verdict import BaselineComparison, RunVerdict, verdict_of

RERATING = "rerate"
"Kind of the baselines that rate the last months on every plan."
STAYING = "stay"
"Kind of the baseline that advises no move."
ID_LETTERS = 16


class RunFigure(Struct, frozen=True):
    """One metric of a run's own model."""

    metric: str
    unit: str
    higher_is_better: Annotated[bool | None, Meta(description="Null if neither is better.")]
    value: float
    low: Annotated[float | None, Meta(description="Lower end of the 95 % interval.")]
    high: float | None
    at_most: Annotated[float | None, Meta(description="Guard: more than this should not be served.")]

    @classmethod
    def of(cls, found: MetricValue) -> Self:
        """Return a metric with its unit and its guard."""
        known = METRICS.get(found.metric)
        return cls(
            metric=found.metric,
            unit="" if known is None else known.unit,
            higher_is_better=None if known is None else known.higher_is_better,
            value=found.value,
            low=_defined(found.low),
            high=_defined(found.high),
            at_most=None if known is None else known.at_most,
        )


class RunAgainst(Struct, frozen=True):
    """A run's own model against one of its baselines, by the metric that decides."""

    baseline: str
    role: Annotated[
        Literal["rerating", "stay", "other"],
        Meta(description="`rerating`: it rates the last months on every plan. `stay`: it advises no move."),
    ]
    metric: str
    gain: Annotated[float, Meta(description="By how much the run is better; negative if it is worse.")]
    low: Annotated[float | None, Meta(description="Lower end of the 95 % interval.")]
    high: float | None
    outcome: Annotated[
        Literal["better", "worse", "equal", "undecided"],
        Meta(description="`better` and `worse` are sure at 95 %."),
    ]
    is_paired: Annotated[
        bool, Meta(description="False for an old run: its interval is wider than it needs to be.")
    ]


class RunRow(Struct, frozen=True):
    """A complete run in a list."""

    id: Annotated[str, Meta(description="Beginning of the SHA-256 of its run.json; the key of `/runs/{id}`.")]
    run_id: Annotated[str, Meta(description="Its name in answers and in the decision log.")]
    folder: Annotated[str, Meta(description="Relative to the folder of runs.")]
    finished: Annotated[str, Meta(description="Time at which it was trained.")]
    version: Annotated[str, Meta(description="PlanRec version that trained it.")]
    model: str
    target: str
    policy: str
    data: str
    cv: str
    n_decisions: int
    n_subscribers: Annotated[int | None, Meta(description="Null if the data names no subscribers.")]
    catalogue: Annotated[str | None, Meta(description="Id and version; null without plans with prices.")]
    currency: str | None
    verdict: Annotated[str, Meta(description="One sentence, in the language of the request.")]
    figures: Annotated[list[RunFigure], Meta(description="At most five metrics, the most telling first.")]
    against: Annotated[
        list[RunAgainst], Meta(description="The best baseline that re-rates, and staying; else the best one.")
    ]
    warnings: list[str]
    sweeps: Annotated[list[str], Meta(description="Folders of the sweeps that it is a cell of.")]
    command: Annotated[str, Meta(description="Trains it again.")]
    pin_command: Annotated[
        str | None,
        Meta(description="Null if the list of denied runs is damaged: nothing can be pinned then."),
    ]
    is_pinned: bool
    is_denied: Annotated[bool, Meta(description="It failed in production and must not be pinned again.")]


class SweepRow(Struct, frozen=True):
    """A sweep in a list."""

    folder: Annotated[str, Meta(description="Relative to the folder of runs.")]
    started: str
    n_runs: int
    n_failed: int
    command: Annotated[str, Meta(description="Ranks its runs.")]


class UnreadableRun(Struct, frozen=True):
    """A folder with a run that is not complete, or cannot be read."""

    folder: str
    problem: str


def listed(manifest: Manifest, sha256: str, folder: str, language: Language) -> RunRow:
    """Return a run as a row; sweeps, pin and deny list are not known to it.

    Args:
        manifest: content of its run.json.
        sha256: hash of its run.json.
        folder: its folder, relative to the folder of runs.
        language: language of the verdict.
    """
    verdict = verdict_of(manifest)
    return RunRow(
        id=sha256[:ID_LETTERS],
        run_id=manifest.run_id,
        folder=folder,
        finished=manifest.finished,
        version=manifest.versions.get("planrec", "?"),
        model=manifest.model_kind,
        target=manifest.kind("target"),
        policy=manifest.kind("policy"),
        data=manifest.kind("data"),
        cv=manifest.kind("cv"),
        n_decisions=manifest.data.n_decisions,
        n_subscribers=manifest.data.n_subscribers,
        catalogue=_catalogue(manifest),
        currency=manifest.currency,
        verdict=verdict.sentence(language),
        figures=[RunFigure.of(value) for value in verdict.headline if not isnan(value.value)],
        against=[_against(found, _role(found, manifest)) for found in _telling(verdict, manifest)],
        warnings=list(verdict.warnings),
        sweeps=[],
        command=manifest.command,
        pin_command=command_line("pin", folder),
        is_pinned=False,
        is_denied=False,
    )


def _catalogue(manifest: Manifest) -> str | None:
    content = manifest.catalogue
    return None if content is None else f"{content.get('catalogue_id')} {content.get('version')}"


def _role(found: BaselineComparison, manifest: Manifest) -> Literal["rerating", "stay", "other"]:
    baseline = manifest.config.get("baselines", {}).get(found.baseline)
    kind = baseline.get("kind") if isinstance(baseline, dict) else found.baseline
    return "rerating" if kind == RERATING else "stay" if kind == STAYING else "other"


def _telling(verdict: RunVerdict, manifest: Manifest) -> Iterator[BaselineComparison]:
    """Yield the first comparison of each role of interest; without any, the one with the best baseline."""
    by_role: dict[str, BaselineComparison] = {}
    for found in verdict.comparisons:
        by_role.setdefault(_role(found, manifest), found)
    yield from [by_role[role] for role in ("rerating", "stay") if role in by_role] or (
        [] if verdict.best is None else [verdict.best]
    )


def _against(found: BaselineComparison, role: Literal["rerating", "stay", "other"]) -> RunAgainst:
    return RunAgainst(
        baseline=found.baseline,
        role=role,
        metric=found.metric,
        gain=found.gain.value,
        low=_defined(found.gain.low),
        high=_defined(found.gain.high),
        outcome=found.outcome,
        is_paired=found.is_paired,
    )


def _defined(number: float) -> float | None:
    return None if isnan(number) else number
