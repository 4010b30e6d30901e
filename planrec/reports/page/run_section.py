"""Section of one run: identity, warnings, metrics, calibration, groups, feature importance, speed."""

from collections.abc import Iterator, Sequence

import numpy as np

from planrec.config.config_diff import flat
from planrec.metrics import (
    METRICS,
    MetricValue,
    ReliabilityBin,
    broken_guards,
    reliability,
    reliability_of_cheaper,
)
from planrec.reports.cards.card_prose import INTENDED, QUESTION
from planrec.reports.page import charts
from planrec.reports.page.charts import Series
from planrec.reports.page.markup import TableCell, bullets, interval, number, paragraph, table, terms
from planrec.reports.page.run_view import RunView
from planrec.reports.page.svg import figure_html
from planrec.training.fitting import Chosen
from planrec.training.tuning import Tuned

N_SHADES = 5
"Shades of a confusion matrix; style.css has one class for each."

MAX_HEAD = 16
"Characters of a plan's name above a column of a confusion matrix."

BY_GROUP = {
    "regret_by_decile": ("usage decile", "Mean regret by decile of usage, 1 the lightest users"),
    "regret_by_held": ("plan held", "Mean regret by plan held"),
    "f1": ("plan", "F1 of each plan"),
    "selection_rate_by_group": ("group and plan", "How often each group is recommended each plan"),
} | {
    gap: ("protected column", f"{gap}: the largest group value minus the smallest")
    for gap, metric in METRICS.items()
    if metric.worst is not None
}
"Grouped metrics: kind of the groups, and title of the chart."


def section(run: RunView, name: str) -> Iterator[str]:
    """Yield the parts of the section.

    Args:
        run: the run.
        name: prefix of HTML ids, unique on the page.

    Yields:
        HTML, part by part.
    """
    yield warnings_of(run)
    yield identity(run)
    yield "<h3>Metrics</h3>\n"
    yield first_metric(run, name)
    yield metrics_table(run)
    yield "<h3>Calibration</h3>\n"
    yield calibration(run, name)
    yield "<h3>Right plan and recommended plan</h3>\n"
    yield confusion_table(run)
    yield from by_group(run, name)
    yield "<h3>Feature importance</h3>\n"
    yield feature_importance(run, name)
    yield "<h3>Speed and size</h3>\n"
    yield speed_and_size(run)
    yield "<h3>Notes and waived checks</h3>\n"
    yield notes(run)


def identity(run: RunView) -> str:
    """Return question, data, model, folds and command."""
    manifest, config = run.saved.manifest, run.saved.config
    data, first = manifest.data, run.saved.manifest.metrics[0]
    target, cv = config.target.kind, config.cv.model_dump(mode="json")
    whose = f" of {data.n_subscribers:,} subscribers" if data.n_subscribers else ", no subscriber id"
    when = f", decided {data.as_of[0]} to {data.as_of[1]}" if data.as_of else ""
    parameters = ", ".join(f"{key} {value}" for key, value in config.model if key != "kind")
    folds = ", ".join(f"{path} {value}" for path, value in flat(cv).items() if path != "kind")
    pairs = [
        ("question", QUESTION[target]),
        ("for", INTENDED[target].replace("**", "")),
        ("data", f"{config.data.kind}: {data.n_decisions:,} decisions{whose}{when}"),
        ("data fingerprint", manifest.data_fingerprint[:16]),
        ("features", config.features.kind),
        ("model", f"{run.model}{f' ({parameters})' if parameters else ''}"),
        *([("tuned", tuned_text(manifest.tuned))] if manifest.tuned else []),
        *(("chosen", chosen_text(entry)) for entry in manifest.chosen if entry.fold is None),
        ("folds", f"{config.cv.kind}: {folds}; fingerprint {manifest.folds_fingerprint[:16]}"),
        ("judged", f"{first.n_decisions:,} decisions of {first.n_subscribers:,} subscribers, out of fold"),
        ("command", manifest.command),
        ("run", f"{run.saved.run_id}, finished {manifest.finished}, address {manifest.address}"),
        ("commit", manifest.git_commit or "unknown"),
        ("owner and licence", f"{config.owner or 'owner not named'}; {config.licence}"),
    ]
    return terms(pairs, code=("data fingerprint", "command", "commit"))


def tuned_text(tuned: Sequence[Tuned]) -> str:
    """Return the tuned values of the kept model, and the note that each fold had its own values."""
    values = ", ".join(f"{name} {value}" for name, value in tuned[-1].values.items())
    return (
        f"{values} for the model that is kept; each of the {len(tuned) - 1} folds judged was tuned separately"
    )


def chosen_text(entry: Chosen) -> str:
    """Return the value that the kept model chose on inner folds."""
    return f"{entry} for the model that is kept, on inner folds; each fold judged chose its own"


def warnings_of(run: RunView) -> str:
    """Return broken guards and reasons to distrust the figures; an empty string if there are none."""
    found = [f"{run.model}: {warning}" for warning in broken_guards(run.figures())]
    found.extend(run.saved.manifest.reservations)
    if not found:
        return ""
    return f'<div class="warning"><strong>Warning</strong>{bullets(found)}</div>\n'


def first_metric(run: RunView, name: str) -> str:
    """Return a chart of the first metric, the model beside its baselines, if there are baselines."""
    metric = run.saved.manifest.metrics[0].metric
    rows = [(value.model, value) for value in run.saved.manifest.metrics if value.metric == metric]
    if METRICS[metric].groups is not None or len(rows) < 2:
        return ""
    chart = charts.comparison(rows, f"{metric} with 95 % intervals", axis_of(metric))
    return figure_html(chart, f"{name}-first")


def metrics_table(run: RunView) -> str:
    """Return a table with one row per metric and one column per model, the run's own model first."""
    single = [value for value in run.saved.manifest.metrics if value.group is None]
    models = list(dict.fromkeys(value.model for value in single))
    cells = {(value.metric, value.model): value for value in single}
    rows = [
        (axis_of(metric), [_value_cell(cells.get((metric, model))) for model in models])
        for metric in dict.fromkeys(value.metric for value in single)
    ]
    return table("Metrics with 95 % bootstrap intervals over subscribers", ["metric", *models], rows)


def axis_of(metric: str) -> str:
    """Return a metric's name, unit and better direction.

    Examples:
        >>> axis_of("log_loss"), axis_of("accuracy")
        ('log_loss (nats, lower is better)', 'accuracy (share, higher is better)')
    """
    better = {True: ", higher is better", False: ", lower is better", None: ""}
    return f"{metric} ({METRICS[metric].unit}{better[METRICS[metric].higher_is_better]})"


def calibration(run: RunView, name: str) -> str:
    """Return the reliability of the most probable plan, in the bins of the ECE, and of P(cheaper)."""
    if not run.saved.config.model.traits.probabilistic:
        return paragraph(f"{run.model} names one plan and claims no probabilities: nothing to calibrate.")
    title = "Reliability of the most probable plan, 15 bins of equal mass"
    shown = _bins_shown(reliability(run.judged), title, f"{name}-calibration", "decisions")
    if cheaper := reliability_of_cheaper(run.judged):
        title = "Reliability of P(cheaper than the plan held), 15 bins of equal mass"
        shown += _bins_shown(cheaper, title, f"{name}-cheaper", "pairs of a decision and another plan")
    return shown


def _bins_shown(bins: Sequence[ReliabilityBin], title: str, name: str, counted: str) -> str:
    rows = [
        (
            str(position),
            [TableCell(f"{one.confidence:.3f}"), TableCell(f"{one.hit_rate:.3f}"), TableCell(f"{one.n:,}")],
        )
        for position, one in enumerate(bins, start=1)
    ]
    return figure_html(charts.calibration(bins, title), name) + table(
        "The same in figures; equal probabilities share a bin",
        ["bin", "probability given", "share that came true", counted],
        rows,
    )


def confusion(run: RunView) -> np.ndarray:
    """Count decisions by right plan and recommended plan.

    Returns:
        Counts, shape (n_plans, n_plans + 1): right plan by recommended plan; the last column abstained.
    """
    judged, n_plans = run.judged, len(run.judged.plans)
    recommended = np.where(judged.recommended < 0, n_plans, judged.recommended)
    flat = np.bincount(judged.y * (n_plans + 1) + recommended, minlength=n_plans * (n_plans + 1))
    return flat.reshape(n_plans, n_plans + 1)


def confusion_table(run: RunView) -> str:
    """Return the counts and their shares of each row, shaded; the diagonal is right."""
    counts, plans = confusion(run), run.judged.plans
    columns = len(plans) + int(counts[:, -1].any())
    rows = []
    for row, head in enumerate(_plan_heads(plans)):
        total = int(counts[row].sum())
        cells = [_confusion_cell(int(counts[row, at]), total, is_right=row == at) for at in range(columns)]
        rows.append((head, [*cells, TableCell(f"{total:,}")]))
    repeats = len(run.judged.y) // max(run.judged.n_decisions, 1)
    caption = "Decisions by right plan (row) and recommended plan (column), with the share of the row"
    caption += f"; each decision counts once in each of {repeats} repeats" if repeats > 1 else ""
    heads = [*_plan_heads(plans, MAX_HEAD), "abstained"][:columns]
    return table(caption, ["right plan", *heads, "all"], rows)


def _plan_heads(plans: Sequence[str], most: int | None = None) -> list[str]:
    """Return the names; if one is long, number them, so that a shortened name can be found in the rows."""
    if all(len(plan) <= MAX_HEAD for plan in plans):
        return list(plans)
    cut = [plan if most is None or len(plan) <= most else f"{plan[: most - 1]}…" for plan in plans]
    return [f"{number_of} {plan}" for number_of, plan in enumerate(cut, start=1)]


def by_group(run: RunView, name: str) -> Iterator[str]:
    """Yield each metric that has one value per group, beside reference baselines."""
    grouped = dict.fromkeys(value.metric for value in run.saved.manifest.metrics if value.group is not None)
    if grouped:
        yield "<h3>Groups</h3>\n"
    for metric in grouped:
        group, title = BY_GROUP.get(metric, ("group", f"{metric} by group"))
        models = [model for model in (run.model, *run.references()) if run.values(metric, model)]
        series = [Series(model, tuple(run.values(metric, model))) for model in models]
        groups = [str(value.group) for value in series[0].values]
        rows = [
            (label, [_value_cell(one.values[position]) for one in series])
            for position, label in enumerate(groups)
        ]
        yield figure_html(
            charts.by_group(groups, series, title, (group, axis_of(metric))), f"{name}-{metric}"
        )
        yield table(f"{title}, in figures", [group, *models], rows)


def feature_importance(run: RunView, name: str) -> str:
    """Return the most important features of the model that was fitted on every decision."""
    if run.importances is None:
        return paragraph(f"This run's {run.model} has no importances of its own.")
    more = len(run.importances) - charts.MAX_FEATURES
    title = f"Feature importance: {run.saved.config.model.traits.importance_meaning}"
    rest = f" {more} more features are less important." if more > 0 else ""
    chart = charts.importance(run.importances, title)
    return figure_html(chart, f"{name}-importance") + paragraph(
        "Importance in the served model, which was fitted on every decision. Correlated features share their"
        f" importance, and a large share does not imply a cause.{rest}"
    )


def speed_and_size(run: RunView) -> str:
    """Return latency, throughput, size of the model file, and duration of the run."""
    manifest, speed = run.saved.manifest, run.saved.manifest.speed
    stages = ", ".join(f"{stage.replace('_', ' ')} {s:.1f} s" for stage, s in manifest.seconds.items())
    fits = ", ".join(f"{model} {seconds:.2f} s" for model, seconds in manifest.fit_seconds.items())
    pairs = [
        (
            "one row",
            f"{speed.one_row_p50_ms:.2f} ms in the median, {speed.one_row_p99_ms:.2f} ms for 99 %",
        ),
        ("a batch", f"{speed.rows_per_second:,.0f} rows per second on one thread"),
        ("model file", f"{run.model_bytes / 1024:,.0f} KiB"),
        ("the run took", stages),
        ("one fit took", fits),
    ]
    return terms(pairs) + paragraph("A guide, not a benchmark: other programs may have been running.")


def notes(run: RunView) -> str:
    """Return the waived checks with their reasons, and the notes of the run."""
    waived = [
        f"check {name} may fail: {reason}"
        for name, reason in run.saved.config.waivers.model_dump().items()
        if reason
    ]
    return bullets([*(waived or ["No check is waived."]), *run.saved.manifest.notes])


def _value_cell(value: MetricValue | None) -> TableCell:
    return (
        TableCell("–") if value is None else TableCell(number(value.value), interval(value.low, value.high))
    )


def _confusion_cell(count: int, total: int, *, is_right: bool) -> TableCell:
    share = count / total if total else 0.0
    shade = min(int(share * N_SHADES), N_SHADES - 1)
    css_class = f"shade{shade} right" if is_right else f"shade{shade}"
    return TableCell(f"{count:,}", f"{share:.0%}" if total else "", css_class)
