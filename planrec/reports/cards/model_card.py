"""`planrec card model RUN ...`: model cards of runs, in Markdown."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from planrec.commands.advice import typed
from planrec.metrics import MetricValue, ReliabilityBin, judged_rows_of, reliability
from planrec.reports.cards.card_check import THIS_RUN
from planrec.reports.cards.card_prose import (
    INTENDED,
    LEARNED,
    NEVER,
    NOT_COMPARED,
    OF_PLUG_IN,
    calibration,
    caveats,
    ethics,
)
from planrec.reports.markdown import escape_markdown, markdown_code
from planrec.runs.manifest import Manifest
from planrec.training.verdict import verdict_of


def card_of(folder: Path) -> str:
    """Return the card of a complete run.

    Raises:
        RunError: the run cannot be read.
    """
    from planrec.runs.read import config_of, read_out_of_fold, read_record

    run = read_record(folder)
    manifest = run.manifest
    config_of(manifest, folder)
    model = manifest.model_kind
    # Rules name one plan without probabilities: their runs have no ECE and no reliability.
    if "ece" not in own_figures(manifest):
        return model_card(manifest, ())
    return model_card(manifest, reliability(judged_rows_of(read_out_of_fold(run, [model]), model)))


def model_card(manifest: Manifest, bins: Sequence[ReliabilityBin]) -> str:
    """Return the card of a run.

    Args:
        manifest: content of run.json.
        bins: reliability of the run's own model; empty if `metrics` lacks `ece`, or if the model gives no
            probabilities.

    Returns:
        Markdown.
    """
    target, model = manifest.kind("target"), manifest.model_kind
    sections = {
        "Summary": _summary_lines(manifest),
        "Owner and licence": _owner_lines(manifest),
        "Intended use": [INTENDED.get(target, OF_PLUG_IN)],
        "Out of scope": [f"* {use}" for use in NEVER.get(target, [OF_PLUG_IN])],
        "Target": [LEARNED.get(target, OF_PLUG_IN)],
        "Data": _data_lines(manifest),
        "Metrics": _metric_section(manifest),
        "Groups": _group_lines(manifest),
        "Calibration": _calibration_lines(manifest, bins),
        "Ethical considerations": [f"* {line}" for line in ethics(target)],
        "Caveats": [f"* {line}" for line in caveats(target)],
        "Waived checks and notes": _waiver_lines(manifest),
        "Selection": _selection_lines(manifest),
        THIS_RUN.removeprefix("## "): _run_lines(manifest),
    }
    lines = [f"# Model card: {model} for `target={target}`", ""]
    lines += ["Generated from a run by `planrec card model`.", ""]
    for title, content in sections.items():
        lines += [f"## {title}", "", *content, ""]
    return "\n".join(lines).rstrip() + "\n"


def model_cards(folders: Sequence[Path]) -> str:
    """Return the cards of runs, one after the other.

    Raises:
        RunError: a run cannot be read.
    """
    return "\n".join(card_of(folder) for folder in folders)


def own_figures(manifest: Manifest) -> dict[str, float]:
    """Return the metrics of the run's own model that have one value."""
    return {name: value.value for name, value in manifest.own_values.items()}


def metrics_lines(metrics: Sequence[MetricValue]) -> list[str]:
    """Return a Markdown table with one row per metric and one column per model.

    Examples:
        >>> for line in metrics_lines([MetricValue("lgbm", "ece", None, 0.1, 0.05, 0.2, 10, 10)]):
        ...     print(line)
        | metric | lgbm |
        |---|---|
        | ece | 0.100 [0.050, 0.200] |
    """
    models = list(dict.fromkeys(value.model for value in metrics))
    cells = {(value.metric, value.group, value.model): value for value in metrics}
    rows = list(dict.fromkeys((value.metric, value.group) for value in metrics))
    return [
        f"| metric | {' | '.join(map(escape_markdown, models))} |",
        "|---|" + "---|" * len(models),
        *(
            f"| {escape_markdown(f'{metric} {group}' if group else metric)} | "
            + " | ".join(_cell(cells.get((metric, group, model))) for model in models)
            + " |"
            for metric, group in rows
        ),
    ]


def _summary_lines(manifest: Manifest) -> list[str]:
    """Return the verdict in one sentence, the data that it is based on, and the warnings."""
    verdict, first = verdict_of(manifest), manifest.metrics[0]
    return [
        f"{escape_markdown(verdict.sentence())} Judged out of fold on {first.n_decisions:,} decisions of"
        f" {first.n_subscribers:,} subscribers.",
        *(line for warning in verdict.warnings for line in ("", f"**Warning:** {escape_markdown(warning)}.")),
    ]


def _owner_lines(manifest: Manifest) -> list[str]:
    config = manifest.config
    owner = (
        f"not named: train with {typed(owner='NAME')}"
        if config["owner"] is None
        else escape_markdown(config["owner"])
    )
    return [f"Owner: {owner}.", "", f"Licence: {escape_markdown(config['licence'])}."]


def _data_lines(manifest: Manifest) -> list[str]:
    data = manifest.data
    whose = f" of {data.n_subscribers:,} subscribers" if data.n_subscribers else ", no subscriber id"
    when = f", decided {data.as_of[0]} to {data.as_of[1]}" if data.as_of else ""
    return [
        f"`data={manifest.kind('data')}`: {data.n_decisions:,} decisions{whose}{when};"
        f" fingerprint `{manifest.data_fingerprint[:16]}`.",
        "",
        "| plan | share |",
        "|---|---|",
        *(f"| {escape_markdown(plan)} | {share:.1%} |" for plan, share in data.class_shares.items()),
    ]


def _metric_section(manifest: Manifest) -> list[str]:
    return [
        f"Out of fold, `cv={manifest.kind('cv')}`, 95 % bootstrap intervals over subscribers,"
        f" {manifest.n_bootstrap:,} draws; the model first, then the baselines on the same decisions.",
        "",
        *metrics_lines([value for value in manifest.metrics if value.group is None]),
    ]


def _group_lines(manifest: Manifest) -> list[str]:
    grouped = [value for value in manifest.metrics if value.group is not None]
    names = list(dict.fromkeys(value.metric for value in grouped))
    compared = ", ".join(markdown_code(name) for name in names) or "none: the run's metrics have no groups"
    return [
        f"Compared: {compared}.",
        "",
        *_protected_lines(manifest, grouped),
        *(["", *metrics_lines(grouped)] if grouped else []),
    ]


def _protected_lines(manifest: Manifest, grouped: Sequence[MetricValue]) -> list[str]:
    """Return the protected groups, the gaps between them, and the features that are proxies of them."""
    config = manifest.config
    if not config["data"]["protected_columns"]:
        return [NOT_COMPARED]
    protected = ", ".join(markdown_code(name) for name in config["data"]["protected_columns"])
    reweighed = config["fairness"]["reweigh_by"]
    gaps = [
        f"* {markdown_code(value.metric)} of {markdown_code(value.group)}: {_cell(value)}, worst for"
        f" {markdown_code(value.worst)}"
        for value in grouped
        if value.worst is not None and value.model == manifest.model_kind
    ]
    proxies = [f"* {escape_markdown(note)}" for note in manifest.notes if note.startswith("proxy: ")]
    return [
        f"Protected columns, which are never features and never requested: {protected}. People are not"
        " compared by anything else, such as disability, income or origin.",
        "",
        *(gaps or ["* No gap was measured: this needs two groups of at least 100 decisions."]),
        *proxies,
        f"* Training rows were weighted so that group and plan are independent: {markdown_code(reweighed)}."
        if reweighed
        else "* Training does not reduce the gaps between groups.",
    ]


def _calibration_lines(manifest: Manifest, bins: Sequence[ReliabilityBin]) -> list[str]:
    done = calibration(manifest.kind("calibration"))
    if not bins:
        return [f"Not judged: the run's metrics lack `ece`, or the model gives no probabilities. {done}"]
    total = sum(one.n for one in bins)
    return [
        f"ECE {own_figures(manifest)['ece']:.3f}: mean distance between the probability of the most probable"
        f" plan and the share of decisions in which it was right, weighted over these bins. {done}",
        "",
        "| probability | right | share of decisions |",
        "|---|---|---|",
        *(f"| {one.confidence:.3f} | {one.hit_rate:.3f} | {one.n / total:.1%} |" for one in bins),
    ]


def _waiver_lines(manifest: Manifest) -> list[str]:
    waived = {name: reason for name, reason in manifest.config["waivers"].items() if reason}
    lines = [
        f"* Check {markdown_code(name)} may fail: {escape_markdown(reason)}"
        for name, reason in waived.items()
    ]
    return [*(lines or ["* No check is waived."]), *(f"* {escape_markdown(note)}" for note in manifest.notes)]


def _selection_lines(manifest: Manifest) -> list[str]:
    if manifest.selected:
        return [
            "**A search chose this configuration by its results on the decisions that are reported here:"
            " the figures are too optimistic.**"
        ]
    line = "The configuration was not chosen by a search over the decisions that are reported here."
    chosen = [
        "Chosen on inner folds of the training rows, separately for each reported fold;"
        f" for the model that is kept: {escape_markdown(str(entry))}."
        for entry in manifest.chosen
        if entry.fold is None
    ]
    tuned = _tuned_lines(manifest) if manifest.tuned else []
    return [line, *(["", *tuned] if tuned else []), *(["", *chosen] if chosen else [])]


def _tuned_lines(manifest: Manifest) -> list[str]:
    """Return the tuned values of a nested run; its figures judge the search and the fit together."""
    *folds, kept = manifest.tuned
    values = ", ".join(
        f"{escape_markdown(name)} {escape_markdown(value)}" for name, value in kept.values.items()
    )
    return [
        f"Each of the {len(folds)} reported folds was tuned separately, on its training rows alone: the"
        " figures judge the search and the fit together.",
        "",
        f"The model that is kept was tuned once more, on all decisions: {values}.",
    ]


def _run_lines(manifest: Manifest) -> list[str]:
    versions = escape_markdown(", ".join(f"{name} {version}" for name, version in manifest.versions.items()))
    return [
        f"Run `{manifest.run_id}`, address `{manifest.address}`,"
        f" commit {escape_markdown(manifest.git_commit or 'unknown')}. Reproduce it with:",
        "",
        f"    {manifest.command}",
        "",
        f"Seed {manifest.seed}; {versions}.",
    ]


def _cell(value: MetricValue | None) -> str:
    if value is None or isnan(value.value):
        return "-"
    if isnan(value.low):  # no draw defines the interval
        return f"{value.value:.3f}"
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
