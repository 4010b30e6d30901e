"""`planrec card model RUN ...`: what a run is fit for, in Markdown."""

import re
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from planrec.metrics import MetricValue, ReliabilityBin, broken_guards, judged_rows_of, reliability
from planrec.reports.cards.card_check import THIS_RUN
from planrec.reports.cards.card_prose import (
    INTENDED,
    LEARNED,
    NEVER,
    NOT_COMPARED,
    calibration,
    caveats,
    ethics,
)
from planrec.runs.manifest import Manifest


def card_of(folder: Path) -> str:
    """The card of a complete run. Raises RunError where it cannot be read."""
    from planrec.runs.read import read_out_of_fold, read_record

    run = read_record(folder)
    manifest = run.manifest
    model = manifest.model_kind
    # Rules name one plan and claim no chances: their runs have no ECE, and nothing to be reliable about.
    if "ece" not in own_figures(manifest):
        return model_card(manifest, ())
    return model_card(manifest, reliability(judged_rows_of(read_out_of_fold(run, [model]), model)))


def model_card(manifest: Manifest, bins: Sequence[ReliabilityBin]) -> str:
    """The card of a run, from its run.json and the reliability of its probabilities.

    Args:
        bins: of the model itself; empty where the ECE was not asked for, or the model claims no chances.
    """
    config = manifest.config
    target, model = config["target"]["kind"], config["model"]["kind"]
    sections = {
        "Owner and licence": _owner_lines(config),
        "Intended use": [INTENDED[target]],
        "Out of scope": [f"* {use}" for use in NEVER[target]],
        "Target": [LEARNED[target]],
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
    """One card after the other."""
    return "\n".join(card_of(folder) for folder in folders)


def own_figures(manifest: Manifest) -> dict[str, float]:
    """The figures of the model itself that have one value."""
    return {name: value.value for name, value in manifest.own_values.items()}


def metrics_lines(metrics: Sequence[MetricValue]) -> list[str]:
    """A Markdown table: one row per metric, one column per model."""
    models = list(dict.fromkeys(value.model for value in metrics))
    cells = {(value.metric, value.group, value.model): value for value in metrics}
    rows = list(dict.fromkeys((value.metric, value.group) for value in metrics))
    return [
        f"| metric | {' | '.join(map(marked, models))} |",
        "|---|" + "---|" * len(models),
        *(
            f"| {marked(f'{metric} {group}' if group else metric)} | "
            + " | ".join(_cell(cells.get((metric, group, model))) for model in models)
            + " |"
            for metric, group in rows
        ),
    ]


def marked(text: object) -> str:
    """Text that others wrote, such as plan names, as Markdown that shows it and does nothing else."""
    return re.sub(r"([\\`*\[\]<>|#&])", r"\\\1", " ".join(str(text).split()))


def code(text: object) -> str:
    """Text that others wrote, as Markdown code on one line."""
    plain = " ".join(str(text).split())
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    return f"{fence}{plain}{fence}" if len(fence) == 1 else f"{fence} {plain} {fence}"


def _owner_lines(config: dict[str, Any]) -> list[str]:
    owner = "not named: train with owner=NAME" if config["owner"] is None else marked(config["owner"])
    return [f"Owner: {owner}.", "", f"Licence: {marked(config['licence'])}."]


def _data_lines(manifest: Manifest) -> list[str]:
    data = manifest.data
    whose = f" of {data.n_subscribers:,} subscribers" if data.n_subscribers else ", no subscriber id"
    when = f", decided {data.as_of[0]} to {data.as_of[1]}" if data.as_of else ""
    return [
        f"`data={manifest.config['data']['kind']}`: {data.n_decisions:,} decisions{whose}{when};"
        f" fingerprint `{manifest.data_fingerprint[:16]}`.",
        "",
        "| plan | share |",
        "|---|---|",
        *(f"| {marked(plan)} | {share:.1%} |" for plan, share in data.class_shares.items()),
    ]


def _metric_section(manifest: Manifest) -> list[str]:
    config, warnings = manifest.config, broken_guards(own_figures(manifest))
    if (measured_by := manifest.measured_by) is not None:
        warnings = [marked(measured_by.note), *warnings]
    return [
        *(line for warning in warnings for line in (f"**Warning:** {warning}.", "")),
        f"Out of fold, `cv={config['cv']['kind']}`, 95 % bootstrap intervals over subscribers,"
        f" {config['n_bootstrap']:,} draws; the model first, then the baselines on the same decisions.",
        "",
        *metrics_lines([value for value in manifest.metrics if value.group is None]),
    ]


def _group_lines(manifest: Manifest) -> list[str]:
    grouped = [value for value in manifest.metrics if value.group is not None]
    names = list(dict.fromkeys(value.metric for value in grouped))
    compared = ", ".join(code(name) for name in names) or "none: the run's metrics have no groups"
    return [
        f"Compared: {compared}.",
        "",
        *_protected_lines(manifest, grouped),
        *(["", *metrics_lines(grouped)] if grouped else []),
    ]


def _protected_lines(manifest: Manifest, grouped: Sequence[MetricValue]) -> list[str]:
    """Who is compared, how far apart the groups are, and what the features tell of them."""
    config = manifest.config
    if not config["data"]["protected_columns"]:
        return [NOT_COMPARED]
    model = config["model"]["kind"]
    protected = ", ".join(code(name) for name in config["data"]["protected_columns"])
    reweighed = config["fairness"]["reweigh_by"]
    gaps = [
        f"* {code(value.metric)} of {code(value.group)}: {_cell(value)}, worst for {code(value.worst)}"
        for value in grouped
        if value.worst is not None and value.model == model
    ]
    proxies = [f"* {marked(note)}" for note in manifest.notes if note.startswith("proxy: ")]
    return [
        f"Protected, hence no feature and never asked for: {protected}. People are not compared by anything"
        " else, such as disability, income or origin.",
        "",
        *(gaps or ["* No gap was measured: it takes two groups of 100 decisions or more."]),
        *proxies,
        f"* Weighed so that group and plan are independent in training: {code(reweighed)}."
        if reweighed
        else "* Nothing was done in training to bring the groups together.",
    ]


def _calibration_lines(manifest: Manifest, bins: Sequence[ReliabilityBin]) -> list[str]:
    done = calibration(manifest.config["calibration"]["kind"])
    if not bins:
        return [f"Not judged: the run's metrics do not ask for `ece`, or the model claims no chances. {done}"]
    total = sum(one.n for one in bins)
    return [
        f"ECE {own_figures(manifest)['ece']:.3f}: how far the probability of the most probable plan is from"
        f" how often it was right, weighted over these bins. {done}",
        "",
        "| probability | right | share of decisions |",
        "|---|---|---|",
        *(f"| {one.confidence:.3f} | {one.hit_rate:.3f} | {one.n / total:.1%} |" for one in bins),
    ]


def _waiver_lines(manifest: Manifest) -> list[str]:
    waived = {name: reason for name, reason in manifest.config["waivers"].items() if reason}
    lines = [f"* Check {code(name)} may fail: {marked(reason)}" for name, reason in waived.items()]
    return [*(lines or ["* No check is waived."]), *(f"* {marked(note)}" for note in manifest.notes)]


def _selection_lines(manifest: Manifest) -> list[str]:
    if manifest.selected:
        return [
            "**A search chose this configuration by its results on the very decisions that are reported"
            " here: the figures flatter.**"
        ]
    line = "The configuration was not chosen by a search over the decisions that are reported here."
    chosen = [
        "Chosen on inner folds of the training rows, anew for each reported fold; for the model that is kept:"
        f" {marked(str(entry))}."
        for entry in manifest.chosen
        if entry.fold is None
    ]
    tuned = _tuned_lines(manifest) if manifest.tuned else []
    return [line, *(["", *tuned] if tuned else []), *(["", *chosen] if chosen else [])]


def _tuned_lines(manifest: Manifest) -> list[str]:
    """What a nested run chose: its figures judge the search and the fit together."""
    *folds, kept = manifest.tuned
    values = ", ".join(f"{marked(name)} {marked(value)}" for name, value in kept.values.items())
    return [
        f"Each of the {len(folds)} reported folds was tuned separately, on its training rows alone: the"
        " figures judge the search and the fit together.",
        "",
        f"The model that is kept was tuned once more, on all decisions: {values}.",
    ]


def _run_lines(manifest: Manifest) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    return [
        f"Run `{manifest.run_id}`, address `{manifest.address}`,"
        f" commit {manifest.git_commit or 'unknown'}. Reproduce it with:",
        "",
        f"    {manifest.command}",
        "",
        f"Seed {manifest.config['seed']}; {versions}.",
    ]


def _cell(value: MetricValue | None) -> str:
    if value is None or isnan(value.value):
        return "-"
    if isnan(value.low):  # no draw defines it
        return f"{value.value:.3f}"
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
