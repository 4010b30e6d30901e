"""`python -m planrec.model_card RUN`: what a run is fit for, in Markdown."""

import argparse
import sys
from pathlib import Path
from typing import Any

from planrec.errors import PlanRecError

INTENDED = {
    "held": "Reproducing which plan subscribers hold, for comparison with published results and for"
    " acceptance models. **Not** for advice: it learns past mistakes along with good choices.",
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


def metrics_lines(metrics: list[dict[str, Any]]) -> list[str]:
    """A Markdown table: one row per metric, one column per model."""
    models = list(dict.fromkeys(value["model"] for value in metrics))
    cells = {(value["metric"], value["plan"], value["model"]): value for value in metrics}
    rows = list(dict.fromkeys((value["metric"], value["plan"]) for value in metrics))
    return [
        f"| metric | {' | '.join(models)} |",
        "|---|" + "---|" * len(models),
        *(
            f"| {metric}{f' {plan}' if plan else ''} | "
            + " | ".join(_cell(cells.get((metric, plan, model))) for model in models)
            + " |"
            for metric, plan in rows
        ),
    ]


def _cell(value: dict[str, Any] | None) -> str:
    if value is None or value["value"] is None:
        return "-"
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 where the run cannot be read."""
    parser = argparse.ArgumentParser("python -m planrec.model_card", description="Print a run's model card.")
    parser.add_argument("run", type=Path, help="folder of a complete run")
    options = parser.parse_args(arguments)
    from planrec.run_folder import read_manifest

    try:
        print(model_card(read_manifest(options.run)))
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
