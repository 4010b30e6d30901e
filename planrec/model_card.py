"""`python -m planrec.model_card RUN ...`: what a run is fit for, in Markdown."""

import sys
from typing import Any

from planrec.card_command import print_card
from planrec.metrics import broken_guards

INTENDED = {
    "held": "Reproducing which plan subscribers hold, for comparison with published results and for"
    " acceptance models. **Not** for advice: it learns past mistakes along with good choices.",
    "best_bill": "Advising subscribers, or the people who serve them, which plan would cost them least over"
    " the next months. Bills follow the run's catalogue; discounts and taxes outside it are not known.",
}


def model_card(manifest: dict[str, Any]) -> str:
    """The card of a run, from its run.json alone."""
    config, data = manifest["config"], manifest["data"]
    target, model = config["target"]["kind"], config["model"]["kind"]
    lines = [
        f"# Model card: {model} for `target={target}`",
        "",
        f"Generated from run `{manifest['run_id']}` by `python -m planrec.model_card`; licence Apache-2.0.",
        "",
        "## Use",
        "",
        INTENDED[target],
        "",
        "## Data",
        "",
        f"`data={config['data']['kind']}`: {data['n_decisions']:,} decisions"
        + (f" of {data['n_subscribers']:,} subscribers" if data["n_subscribers"] else ", no subscriber id")
        + (f", decided {data['as_of'][0]} to {data['as_of'][1]}" if data["as_of"] else "")
        + f"; fingerprint `{manifest['data_fingerprint'][:16]}`.",
        "",
        "| plan | share |",
        "|---|---|",
        *(f"| {plan} | {share:.1%} |" for plan, share in data["class_shares"].items()),
        "",
        "## Out-of-fold metrics",
        "",
        f"`cv={config['cv']['kind']}`, 95 % bootstrap intervals over subscribers,"
        f" {config['n_bootstrap']:,} draws.",
        "",
        *metrics_lines(manifest["metrics"]),
        "",
        *(f"**Warning:** {warning}." for warning in broken_guards(own_figures(manifest))),
        "",
        "## Notes and waived checks",
        "",
        *([f"* {note}" for note in manifest["notes"]] or ["None."]),
        "",
        "## Caveats",
        "",
        "* Usage was observed under the plan then held: a subscriber who runs into limits uses less.",
        "* Probabilities are not calibrated in a step of their own; the ECE above says how far off they are.",
        "* Errors were not compared between groups of people.",
        "",
        "## Reproduce",
        "",
        "```",
        manifest["command"],
        "```",
        "",
        f"Seed {config['seed']}; " + ", ".join(f"{k} {v}" for k, v in manifest["versions"].items()) + ".",
        "",
    ]
    return "\n".join(lines)


def model_cards(manifests: list[dict[str, Any]]) -> str:
    """One card after the other."""
    return "\n".join(model_card(manifest) for manifest in manifests)


def own_figures(manifest: dict[str, Any]) -> dict[str, float]:
    """The figures of the model itself that have one value."""
    model = manifest["config"]["model"]["kind"]
    return {
        value["metric"]: value["value"]
        for value in manifest["metrics"]
        if value["model"] == model and value["group"] is None and value["value"] is not None
    }


def metrics_lines(metrics: list[dict[str, Any]]) -> list[str]:
    """A Markdown table: one row per metric, one column per model."""
    models = list(dict.fromkeys(value["model"] for value in metrics))
    cells = {(value["metric"], value["group"], value["model"]): value for value in metrics}
    rows = list(dict.fromkeys((value["metric"], value["group"]) for value in metrics))
    return [
        f"| metric | {' | '.join(models)} |",
        "|---|" + "---|" * len(models),
        *(
            f"| {metric}{f' {group}' if group else ''} | "
            + " | ".join(_cell(cells.get((metric, group, model))) for model in models)
            + " |"
            for metric, group in rows
        ),
    ]


def _cell(value: dict[str, Any] | None) -> str:
    if value is None or value["value"] is None:
        return "-"
    if value["low"] is None:  # no draw defines it
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 where a run cannot be read."""
    return print_card("model_card", model_cards, arguments)


if __name__ == "__main__":
    sys.exit(main())
