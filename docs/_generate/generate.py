"""`just docs`: write every page generated from code and runs; `just docs --only PAGE ...` writes some.

The pages about real data need its folder in PLANREC_DATA, and against_catboost needs CatBoost. If they are
missing, the command says so and leaves these pages as they are.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from planrec.config.compose import compose
from planrec.config.conf_folder import content_of, inherited, options
from planrec.config.run_config import RunConfig
from planrec.files.input_path import DATA_FOLDER_VARIABLE
from planrec.metrics import broken_guards, paired_ratio
from planrec.metrics.intervals import MetricValue
from planrec.reports.cards.data_card import section
from planrec.reports.cards.model_card import card_of, metrics_lines, own_figures
from planrec.runs.address import code_version
from planrec.runs.manifest import Manifest
from planrec.runs.read import read_manifest
from planrec.runs.write import begin_run, save_run
from planrec.schema.columns import Usage
from planrec.training.experiment import run

DOCS = Path(__file__).parents[1]
GROUPS = ("data", "target", "features", "model", "search", "calibration", "cv", "policy")
CLASSIC = ["model=lgbm"]
NO_HYSTERESIS = ["policy.absolute=0", "policy.relative=0"]
BEST_BILL = {
    "simulator": [],
    "megaline_us": ["data=megaline_us"],
}
MAIN_METRICS = (
    "regret",
    "savings_captured",
    "harm_rate",
    "eps_hit",
    "regret_hidden",
    "flip_rate",
    "log_loss",
)
MEGALINE_RU = [["data=megaline_ru", f"cv={cv}", "cv.n_repeats=5"] for cv in ("grouped", "stratified")]


def main(arguments: list[str] | None = None) -> int:
    """Write the requested pages, or all pages if none is requested; return 0."""
    written = pages()
    parser = argparse.ArgumentParser("just docs", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=written, metavar="PAGE", help=", ".join(written))
    parser.add_argument("--folder", type=Path, help="keep runs here, where the next call finds finished ones")
    asked = parser.parse_args(arguments)
    # Errors of a sweep are then raised, which separates missing data from all other errors.
    os.environ["PLANREC_DEBUG"] = "1"
    if data_folder := os.environ.get(DATA_FOLDER_VARIABLE):
        # Sweeps run in another folder, so a relative path would be wrong there.
        os.environ[DATA_FOLDER_VARIABLE] = str(Path(data_folder).absolute())
    with tempfile.TemporaryDirectory() as temporary:
        # Runs of other versions of the code must not be reused.
        folder = (asked.folder or Path(temporary)).absolute() / code_version()
        for name in asked.only or written:
            try:
                written[name](folder)
            except ModuleNotFoundError as error:
                if error.name != "catboost":
                    raise
                print(f"{name}: page not changed: CatBoost is missing: pip install 'planrec[catboost]'")
            except Exception as error:
                if DATA_FOLDER_VARIABLE not in str(error):
                    raise
                print(f"{name}: page not changed: real data is missing: set {DATA_FOLDER_VARIABLE}")
    return 0


def pages() -> dict[str, Callable[[Path], None]]:
    """Return the function that writes each page, given a working folder."""
    from against_catboost import against_catboost_page
    from beating_rerating import beating_rerating_page
    from default_results import defaults_page
    from drift_results import drift_page
    from examples import write_examples
    from generate_boards import LEADERBOARDS, experiment_page
    from generate_readme import write_readmes
    from harm_worlds import harm_worlds_page
    from leak_results import leaks_page
    from rehearsal_results import rehearsal_page
    from truth_results import truth_page

    found: dict[str, Callable[[Path], None]] = {
        "reference": lambda _: write_reference(),
        "examples": lambda _: write_examples(DOCS / "examples"),
        "simulator": lambda _: write(DOCS / "results" / "simulator.md", simulator_page()),
        "model_card": write_model_card,
        "best_bill_simulator": lambda folder: write_best_bill("simulator", folder),
        "megaline_ru": write_megaline_ru,
        "best_bill_megaline_us": lambda folder: write_best_bill("megaline_us", folder),
        "data_card": write_data_card,
        "forecast": write_forecast,
        "rehearsal": partial(write_made, DOCS / "results" / "rehearsal.md", rehearsal_page),
        "beating_rerating": partial(
            write_made,
            DOCS / "results" / "beating_rerating.md",
            partial(beating_rerating_page, manifest_of),
        ),
        "drift": partial(write_made, DOCS / "results" / "drift.md", partial(drift_page, manifest_of)),
        "harm_worlds": partial(write_made, DOCS / "results" / "harm_worlds.md", harm_worlds_page),
        "leaks": lambda _: write(DOCS / "results" / "leaks.md", leaks_page()),
        "truth": lambda _: write(DOCS / "results" / "truth.md", truth_page()),
        "defaults": partial(write_made, DOCS / "results" / "defaults.md", defaults_page),
        "against_catboost": partial(
            write_made, DOCS / "results" / "against_catboost.md", against_catboost_page
        ),
    }
    for name, board in LEADERBOARDS.items():
        found[name] = partial(write_made, DOCS / "results" / f"{name}.md", board.page)
    for name in options("experiment"):
        file = DOCS / "experiments" / f"{name}.md"
        found[name] = partial(write_made, file, partial(experiment_page, name))
    # The last page: it takes figures from the others.
    found["readme"] = lambda _: write_readmes()
    return found


def write_made(file: Path, page: Callable[[Path], str], folder: Path) -> None:
    """Write a page that needs a working folder."""
    write(file, page(folder))


def write_model_card(folder: Path) -> None:
    """Write the card of the classic run, which CI trains again."""
    manifest_of(CLASSIC, folder / "docs" / "classic")
    write(DOCS / "model_card.md", card_of(folder / "docs" / "classic"))


def write_best_bill(option: str, folder: Path) -> None:
    """Write the page about cost and savings of advice on one data set."""
    write(DOCS / "results" / f"best_bill_{option}.md", best_bill_page(option, folder))


def write_megaline_ru(folder: Path) -> None:
    """Write the page about predicting the plan held, on both kinds of folds."""
    write(DOCS / "results" / "megaline_ru.md", megaline_ru_page(megaline_ru_runs(folder)))


def write_data_card(folder: Path) -> None:
    """Write the data card of all sources."""
    default = manifest_of(CLASSIC, folder / "docs" / "classic")
    real = megaline_ru_runs(folder)
    others = [
        manifest_of([f"data={option}", *CLASSIC], folder / "docs" / option)
        for option in ("iranian_operator", "megaline_us")
    ]
    write(DOCS / "data_card.md", data_card_page([default, real[0], *others], real))


def megaline_ru_runs(folder: Path) -> list[Manifest]:
    """Train the runs of MEGALINE_RU and return their manifests."""
    return [manifest_of(overrides, folder / "docs" / overrides[1]) for overrides in MEGALINE_RU]


def write_reference() -> None:
    """Write the JSON Schemas for editors, the page of all options and fields, and the page about the API."""
    from generate_api import api_page
    from generate_catalogue import catalogue_page
    from generate_python import python_page

    reference = DOCS / "reference"
    schema = RunConfig.model_json_schema(by_alias=True)
    write(reference / "schema" / "run.json", json.dumps(schema, indent=2) + "\n")
    for group in (*GROUPS, "catalogue"):
        of_group = TypeAdapter(RunConfig.model_fields[group].rebuild_annotation()).json_schema(by_alias=True)
        write(reference / "schema" / f"{group}.json", json.dumps(of_group, indent=2) + "\n")
    write(reference / "configuration.md", configuration_page())
    write(reference / "api.md", api_page())
    write(reference / "python.md", python_page())
    write(reference / "catalogue.md", catalogue_page())


def configuration_page() -> str:
    """Return the page of all options with their fields, values and meanings."""
    lines = ["# Configuration", "", "Generated from `conf/` and the option classes by `just docs`.", ""]
    lines += ["## Usage columns", "", "| column | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in usage_meanings().items()]
    for group in GROUPS:
        lines += ["", f"## {group}"]
        for option in options(group):
            lines += ["", f"### `{group}={option}`", "", *option_lines(group, option)]
    return "\n".join(lines) + "\n"


GIVEN = {"attributes": {"ATTRIBUTE": "COLUMN_{plan}"}}
"Values that stand for those that only the user knows, if a word does not fit the field."


def option_lines(group: str, option: str) -> list[str]:
    """Return the table of one option: field, value in its YAML, meaning."""
    own = inherited(group, option)
    given = {name: GIVEN.get(name, name.upper()) if value == "???" else value for name, value in own.items()}
    # Not composed: Hydra takes half a second for each option.
    part: Any = TypeAdapter(RunConfig.model_fields[group].rebuild_annotation()).validate_python(given)
    first = (type(part).__doc__ or "").strip().splitlines()[0]
    fields = [
        f"| `{name}` | `{json.dumps(own.get(name, getattr(part, name)), default=str)}` |"
        f" {' '.join((field.description or '').split())} |"
        for name, field in type(part).model_fields.items()
        if name != "kind"
    ]
    return [first, "", "| field | value | meaning |", "|---|---|---|", *fields] if fields else [first]


def usage_meanings() -> dict[str, str]:
    """Return the docstring below each column name of `Usage`."""
    import ast
    import inspect

    body = ast.parse(inspect.getsource(Usage)).body[0]
    assert isinstance(body, ast.ClassDef)
    meanings = {}
    for assigned, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(assigned, ast.Assign) and isinstance(assigned.value, ast.Constant):
            assert isinstance(text, ast.Expr)
            meanings[str(assigned.value.value)] = ast.literal_eval(text.value)
    return meanings


# Regime -> hold the best plan, too big, too small (percent), regret, hidden regret (dollars a month).
REGIMES = {
    "near_rational": ("42", "33", "25", "4.50", ""),
    "default": ("34", "44", "22", "6.40", "4.36"),
    "strong_bias": ("25", "56", "20", "9.39", ""),
}


def simulator_page(n: int = 20_000) -> str:
    """Return the page that compares the simulator's published figures with those of this code."""
    names = ("hold their best plan, %", "too big, %", "too small, %", "regret", "hidden regret")
    lines = [
        "# The simulator's figures",
        "",
        f"Generated by `just docs`: {n:,} subscribers on the ladder, bills of months 10 to 12, dollars a"
        " month. Each cell shows published / found. Regret compares the plan held with the cheapest plan by"
        " realised bills, hidden regret by true expected bills. The recipe is in"
        " [the simulator](../reference/simulator.md).",
        "",
        f"| regime | {' | '.join(names)} |",
        "|---|" + "---|" * len(names),
    ]
    for regime, published in REGIMES.items():
        pairs = zip(published, regime_figures(regime, n), strict=True)
        cells = [f"{was or '-'} / {found}" for was, found in pairs]
        lines.append(f"| `{regime}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def regime_figures(regime: str, n: int) -> list[str]:
    """Return the figures of this code for one row of the simulator's page."""
    import numpy as np

    from planrec.catalogue import rate
    from planrec.data.hidden_truth import true_bills
    from planrec.data.simulated_history import simulate

    config = compose(f"data.n_subscribers={n}", "data.n_months=12", f"data.regime={regime}")
    catalogue: Any = config.catalogue.open()
    options: Any = config.data
    history, people = simulate(options.population, catalogue)
    held, everyone = people.plan_held, np.arange(n)
    costs = (rate(history.usage, catalogue) / 100).reshape(n, 12, -1)[:, 9:].mean(axis=1)
    regret = costs[everyone, held] - costs.min(axis=1)
    best = np.where(regret < 1e-9, held, costs.argmin(axis=1))
    true = true_bills(people.level, np.arange(9, 12), catalogue).mean(axis=1)
    hidden = (true[everyone, held] - true.min(axis=1)).mean()
    shares = [
        f"{100 * share:.0f}" for share in ((best == held).mean(), (held > best).mean(), (held < best).mean())
    ]
    return [*shares, f"{regret.mean():.2f}", f"{hidden:.2f}"]


def megaline_ru_page(manifests: list[Manifest]) -> str:
    """Return the page that compares grouped folds with row splits."""
    lines = [
        "# megaline_ru: which plan is held",
        "",
        "Generated by `just docs`. 2,614 subscriber-months are not 2,614 people. With a row split, most test"
        " rows belong to a person whose other months are in the training rows, so every score is too"
        " optimistic. The published results use row splits. Expect the grouped figures on new subscribers.",
    ]
    for manifest in manifests:
        config, data = manifest.config, manifest.data
        lines += [
            "",
            f"## `cv={config['cv']['kind']}`",
            "",
            f"`{manifest.command}`",
            "",
            f"{data.n_decisions:,} subscriber-months of {data.n_subscribers:,} subscribers,"
            f" {config['cv']['n_folds']} folds, {config['cv']['n_repeats']} repeats;"
            " 95 % bootstrap intervals over subscribers; `popular` always names the most popular plan.",
            "",
            *metrics_lines(manifest.metrics),
            *(["", *(f"* {note}" for note in manifest.notes)] if manifest.notes else []),
        ]
    return "\n".join(lines) + "\n"


def best_bill_page(option: str, folder: Path) -> str:
    """Return the page about advice on later bills: the model and every rule, with and without hysteresis."""
    lines = [
        f"# Advice on later bills: {option}",
        "",
        "Generated by `just docs`. Each decision is judged by the bills of the three months after it."
        " `regret` is the monthly cost of following the advice, above the cost of the plan that turned out"
        " cheapest. `rerate_N` names the plan that would have been cheapest in the last N months. All models"
        " decide on the same rows, and all pass the same policy. So with hysteresis, `popular` is the most"
        " popular plan only if it would have saved enough on the last six months' bills, and so on.",
    ]
    for title, overrides in (("Without hysteresis", NO_HYSTERESIS), ("With hysteresis", [])):
        run_folder = folder / option / title.split()[0].lower()
        manifest = manifest_of([*CLASSIC, *BEST_BILL[option], *overrides], run_folder)
        data, judged = manifest.data, manifest.metrics[0]
        lines += [
            "",
            f"## {title}",
            "",
            f"`{manifest.command}`",
            "",
            f"{judged.n_decisions:,} decisions of {judged.n_subscribers:,} subscribers are judged, out"
            f" of {data.n_decisions:,} of {data.n_subscribers:,}. The others have no earlier decisions"
            " to learn from. Intervals are 95 % bootstrap intervals over subscribers.",
            "",
            *model_lines(manifest.metrics),
            "",
            *verdicts(manifest, run_folder),
            *(f"* {warning}." for warning in broken_guards(own_figures(manifest))),
        ]
        if overrides:
            lines += ["", *breakdown_lines(manifest.metrics)]
    return "\n".join(lines) + "\n"


def forecast_page(sections: list[list[str]]) -> str:
    """Return the page of the forecast's figures, made of sections."""
    lines = [
        "# The forecast's figures",
        "",
        "Generated by `just docs`. [The forecast](../reference/forecast.md) explains how it works. Regret is"
        " measured on the bills of the three months after each decision. Ratios compare mean regrets on the"
        " same decisions, with 95 % bootstrap intervals over subscribers.",
    ]
    return "\n".join([*lines, *(line for section in sections for line in section)]) + "\n"


def write_forecast(folder: Path) -> None:
    """Write the page of the forecast's figures."""
    sections = [forecast_section("simulator", folder), forecast_parts(folder)]
    write(
        DOCS / "results" / "forecast.md", forecast_page([*sections, forecast_section("megaline_us", folder)])
    )


def forecast_section(option: str, folder: Path) -> list[str]:
    """Return the section of one data set: the forecast beside every rule, and its calibration."""
    lines = ["", f"## {option}"]
    for overrides in (NO_HYSTERESIS, []):
        run_folder = folder / "forecast" / option / str(len(overrides))
        manifest = manifest_of(
            ["model=forecast", "policy=best_bill", *BEST_BILL[option], *overrides], run_folder
        )
        lines += ["", f"`{manifest.command}`", "", *model_lines(manifest.metrics), ""]
        for rule in ("rerate_3", "rerate_6"):
            ratios = [
                f"{metric} {ratio_to(rule, metric, manifest, run_folder)}"
                for metric in ("regret", "regret_hidden")
                if any(value.metric == metric for value in manifest.metrics)
            ]
            lines.append(f"* Ratio to `{rule}`: {', '.join(ratios)}.")
        by_plan = [
            f"{value.group} {interval(value)}" for value in manifest.metrics if value.metric == "pit_80"
        ]
        lines += [
            f"* Calibration error of P(cheaper) (`ece_cheaper`): {figure(manifest, 'ece_cheaper')}.",
            f"* `pit_80`: {', '.join(by_plan)}.",
        ]
    return lines


FORECAST_PARTS = {
    "as shipped": [],
    "no trend, no season": ["model.trend_sd=0.0001", "model.season_sd=0.0001"],
    "season, no trend": ["model.trend_sd=0.0001"],
    "64 draws": ["model.n_draws=64"],
    "1,024 draws": ["model.n_draws=1024"],
    "data use with a long tail": ["data.profile=heavy"],
}


def forecast_parts(folder: Path) -> list[str]:
    """Return the section about the parts of the forecast, on another seed than the reported one."""
    lines = [
        "",
        "## The value of each part",
        "",
        "Simulator, `data.seed=1`, without hysteresis. Without a trend, the season absorbs the trend.",
        "",
        "| forecast | regret, ratio to `rerate_6` | hidden regret, ratio to `rerate_6` | `ece_cheaper` |",
        "|---|---|---|---|",
    ]
    for number, (part, overrides) in enumerate(FORECAST_PARTS.items()):
        run_folder = folder / "parts" / str(number)
        asked = ["model=forecast", "policy=best_bill", "data.seed=1", *NO_HYSTERESIS, *overrides]
        manifest = manifest_of(asked, run_folder)
        ratios = [ratio_to("rerate_6", name, manifest, run_folder) for name in ("regret", "regret_hidden")]
        lines.append(f"| {part} | {' | '.join(ratios)} | {figure(manifest, 'ece_cheaper')} |")
    return lines


def ratio_to(rule: str, metric: str, manifest: Manifest, folder: Path) -> str:
    """Return the ratio of the model's metric to a rule's, paired, with its interval."""
    import pandas as pd

    config = manifest.config
    table = pd.read_parquet(folder / "out_of_fold.parquet")
    models = (config["model"]["kind"], rule)
    ratio, low, high = paired_ratio(table, metric, models, config["seed"], config["n_bootstrap"])
    return f"{ratio:.3f} [{low:.3f}, {high:.3f}]"


def model_lines(metrics: Sequence[MetricValue]) -> list[str]:
    """Return a table with one row per model and one column per main metric."""
    cells = {(value.model, value.metric): value for value in metrics}
    names = [name for name in MAIN_METRICS if any(name == metric for _, metric in cells)]
    models = list(dict.fromkeys(model for model, _ in cells))
    return [
        f"| advice | {' | '.join(names)} |",
        "|---|" + "---|" * len(names),
        *(
            f"| `{model}` | {' | '.join(interval(cells.get((model, name))) for name in names)} |"
            for model in models
        ),
    ]


def breakdown_lines(metrics: Sequence[MetricValue]) -> list[str]:
    """Return a table of mean regret by decile of usage and by plan held."""
    lines = ["| mean regret | lgbm | rerate_6 | stay |", "|---|---|---|---|"]
    cells = {(v.metric, v.group, v.model): v for v in metrics if v.group is not None}
    groups = dict.fromkeys((metric, group) for metric, group, _ in cells if metric.startswith("regret_by"))
    for metric, group in groups:
        label = f"usage decile {group}" if metric == "regret_by_decile" else f"holds {group}"
        row = [interval(cells.get((metric, group, model))) for model in ("lgbm", "rerate_6", "stay")]
        lines.append(f"| {label} | {' | '.join(row)} |")
    return lines


def verdicts(manifest: Manifest, folder: Path) -> list[str]:
    """Return one sentence per re-rating rule that compares the model with it on the same decisions."""
    import pandas as pd

    table = pd.read_parquet(folder / "out_of_fold.parquet")
    lines = []
    for rule in ("rerate_3", "rerate_6"):
        ratio, low, high = paired_ratio(
            table, "regret", ("lgbm", rule), manifest.config["seed"], manifest.config["n_bootstrap"]
        )
        if low > 1:
            verdict = "the model adds nothing: it loses to the rule"
        else:
            verdict = "the model beats the rule" if high < 1 else "the data is too small to tell them apart"
        lines.append(
            f"* lgbm has {ratio:.2f} times the mean regret of `{rule}` [{low:.2f}, {high:.2f}], paired:"
            f" {verdict}."
        )
    return lines


def interval(value: MetricValue | None) -> str:
    """Return a value with its interval, or a dash if there is none."""
    if value is None or isnan(value.value):
        return "-"
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def data_card_page(manifests: list[Manifest], splits: list[Manifest]) -> str:
    """Return the data card: the text about every source, with the figures of the runs that read it."""
    sources = content_of(DOCS / "_generate" / "data_sources.yaml")
    runs = {option_of(manifest): manifest for manifest in manifests}
    lines = [
        "# Data card",
        "",
        "Generated by `just docs` from `docs/_generate/data_sources.yaml` and from runs.",
        "",
        "## Why splits keep subscribers whole",
        "",
        "The same model on the same rows of megaline_ru, with folds of whole subscribers and with folds of"
        " single rows ([all metrics](results/megaline_ru.md)):",
        "",
        "| split | accuracy | AUC |",
        "|---|---|---|",
        *(
            f"| `cv={split}` | {figure(manifest, 'accuracy')} | {figure(manifest, 'auc')} |"
            for split, manifest in ((manifest.config["cv"]["kind"], manifest) for manifest in splits)
        ),
        "",
    ]
    for option, prose in sources.items():
        lines += [f"## `data={option}`", ""]
        lines += [f"* **{name.replace('_', ' ').capitalize()}.** {text}" for name, text in prose.items()]
        lines += ["", *section(runs[option])[2:]] if option in runs else [""]
    return "\n".join(lines).rstrip() + "\n"


def option_of(manifest: Manifest) -> str:
    """Return the data option in a run's command, or the default if there is none."""
    named = [word.removeprefix("data=") for word in manifest.command.split() if word.startswith("data=")]
    return named[-1] if named else "simulator"


def figure(manifest: Manifest, metric: str) -> str:
    """Return a metric of the model itself, with its interval."""
    model = manifest.model_kind
    return interval(next(v for v in manifest.metrics if (v.metric, v.model) == (metric, model)))


def manifest_of(overrides: Sequence[str], folder: Path) -> Manifest:
    """Train one run in this folder if it is not there yet, and return its manifest."""
    if (folder / "run.json").is_file():
        return read_manifest(folder)
    config = compose(*overrides)
    command = " ".join(["planrec train", *overrides])
    begin_run(folder, config, command)
    save_run(run(config), folder, command)
    return read_manifest(folder)


def write(file: Path, text: str) -> None:
    """Write a page and print its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    print(f"wrote {file.relative_to(DOCS.parent)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
