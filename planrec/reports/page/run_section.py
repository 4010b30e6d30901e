"""Section of one run: metrics, calibration, groups, feature importance, speed, data, configuration."""

from collections.abc import Iterator, Sequence

import numpy as np

from planrec.config.config_diff import flat
from planrec.metrics import METRICS, MetricValue, ReliabilityBin, reliability, reliability_of_cheaper
from planrec.reports.cards.card_prose import INTENDED, QUESTION
from planrec.reports.page import charts
from planrec.reports.page.charts import Series
from planrec.reports.page.choice_cards import choice_cards
from planrec.reports.page.markup import Card, TableCell, bullets, cards, fold, paragraph, table, terms
from planrec.reports.page.metric_words import GROUPS, axis_of, name_of, short_name_of, unit_and_direction
from planrec.reports.page.run_view import RunView
from planrec.training.fitting import Chosen
from planrec.training.tuning import Tuned

N_SHADES = 5
"Shades of a confusion matrix; style.css has one class for each."

MAX_HEAD = 16
"Characters of a plan's name above a column of a confusion matrix."


def section(run: RunView, name: str, level: int) -> Iterator[str]:
    """Yield the parts of the section below the verdict.

    Args:
        run: the run.
        name: prefix of HTML ids, unique on the page.
        level: level of the headings.

    Yields:
        HTML, part by part.
    """
    left = [
        *first_metric(run),
        Card("All metrics", metrics_tables(run)),
        Card("Right plan and recommended plan", confusion_table(run)),
        *choice_cards(run.choice),
        Card("Feature importance", feature_importance(run)),
        Card("Speed and size", speed_and_size(run)),
    ]
    right = [
        *by_group(run),
        Card("Calibration", calibration(run, name)),
        Card("Notes and waived checks", notes(run)),
    ]
    yield cards([left, right], level)
    yield cards([[Card("Data and configuration", identity(run))]], level)


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


def first_metric(run: RunView) -> list[Card]:
    """Return a chart of the first metric, the model beside its baselines, if there are baselines."""
    metric = run.saved.manifest.metrics[0].metric
    values = [value for value in run.saved.manifest.metrics if value.metric == metric]
    if METRICS[metric].groups is not None or len(values) < 2:
        return []
    rows = [charts.ComparedRow(TableCell(value.model), value) for value in values]
    currency = run.saved.manifest.currency
    caption = f"{axis_of(metric, currency)}, 95 % intervals"
    chart = charts.comparison_table(rows, metric, currency, caption, "model")
    return [Card(f"Against the baselines: {short_name_of(metric)}", chart)]


def metrics_tables(run: RunView) -> str:
    """Return the metrics of the model beside those of reference baselines; those of all models are folded."""
    single = [value for value in run.saved.manifest.metrics if value.group is None]
    models = list(dict.fromkeys(value.model for value in single))
    few = [model for model in (run.model, *run.references()) if model in models]
    title = "Metrics with 95 % bootstrap intervals over subscribers"
    every = _metrics_table(run, single, models, f"{title}, all models")
    return _metrics_table(run, single, few, title) + (fold("All models", every) if few != models else "")


def _metrics_table(run: RunView, single: Sequence[MetricValue], models: Sequence[str], caption: str) -> str:
    cells = {(value.metric, value.model): value for value in single}
    rows = [
        (
            TableCell(name_of(metric), unit_and_direction(metric, run.saved.manifest.currency)),
            [charts.value_cell(metric, cells.get((metric, model))) for model in models],
        )
        for metric in dict.fromkeys(value.metric for value in single)
    ]
    return table(caption, ["metric", *models], rows)


def calibration(run: RunView, name: str) -> str:
    """Return the reliability of the most probable plan, in the bins of the ECE, and of P(cheaper)."""
    if not run.saved.config.model.traits.probabilistic:
        return paragraph(f"{run.model} names one plan and claims no probabilities: nothing to calibrate.")
    title = "Reliability of the most probable plan, 15 bins of equal mass"
    bins = reliability(run.judged)
    drawn = charts.calibration(bins, title, f"{name}-calibration")
    figures = _bins_table(bins, title, "decisions")
    if cheaper := reliability_of_cheaper(run.judged):
        title = "Reliability of P(cheaper than the plan held), 15 bins of equal mass"
        drawn += charts.calibration(cheaper, title, f"{name}-cheaper")
        figures += _bins_table(cheaper, title, "pairs of a decision and another plan")
    return f'<div class="pair">{drawn}</div>\n{fold("In figures", figures)}'


def _bins_table(bins: Sequence[ReliabilityBin], title: str, counted: str) -> str:
    rows = [
        (
            str(position),
            [TableCell(f"{one.confidence:.3f}"), TableCell(f"{one.hit_rate:.3f}"), TableCell(f"{one.n:,}")],
        )
        for position, one in enumerate(bins, start=1)
    ]
    caption = f"{title}, in figures; equal probabilities share a bin"
    return table(caption, ["bin", "probability given", "share that came true", counted], rows)


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


def by_group(run: RunView) -> Iterator[Card]:
    """Yield each metric that has one value per group, beside reference baselines."""
    currency = run.saved.manifest.currency
    grouped = dict.fromkeys(value.metric for value in run.saved.manifest.metrics if value.group is not None)
    # Those that are only read beside the others come last.
    for metric in sorted(grouped, key=lambda name: METRICS[name].higher_is_better is None):
        kind = GROUPS.get(metric, "group")
        models = [model for model in (run.model, *run.references()) if run.values(metric, model)]
        series = [Series(model, tuple(run.values(metric, model))) for model in models]
        rows = [
            (str(value.group), [charts.value_cell(metric, one.values[at]) for one in series])
            for at, value in enumerate(series[0].values)
        ]
        figures = table(f"{axis_of(metric, currency)}, in figures", [kind, *models], rows)
        chart = charts.by_group(kind, metric, series, currency)
        yield Card(name_of(metric), chart + (fold("In figures", figures) if len(models) > 1 else ""))


def feature_importance(run: RunView) -> str:
    """Return the most important features of the model that was fitted on every decision."""
    if run.importances is None:
        return paragraph(f"This run's {run.model} has no importances of its own.")
    more = len(run.importances) - charts.MAX_FEATURES
    title = f"Feature importance: {run.saved.config.model.traits.importance_meaning}"
    rest = f" {more} more features are less important." if more > 0 else ""
    return charts.importance(run.importances, title) + paragraph(
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


def _confusion_cell(count: int, total: int, *, is_right: bool) -> TableCell:
    share = count / total if total else 0.0
    shade = min(int(share * N_SHADES), N_SHADES - 1)
    css_class = f"shade{shade} right" if is_right else f"shade{shade}"
    return TableCell(f"{count:,}", f"{share:.0%}" if total else "", css_class)
