"""Runs in use: `pr.score`, `pr.realised`, `pr.retrain`."""

import warnings
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.decision_log_options import days_between, known_log_url, log_url
from planrec.commands.advice import command_line
from planrec.files.outputs_folder import default_outputs
from planrec.notebook.progress import shown_share
from planrec.notebook.trained_run import TrainedRun, load

if TYPE_CHECKING:
    import pandas as pd

    from planrec.monitoring.realised.realised import By
    from planrec.operating.retrain import Retrained
    from planrec.runs.read import SavedRun
    from planrec.sentences import Language


def score(
    months: str | Path,
    file: str | Path,
    *overrides: str,
    run: TrainedRun | str | Path | None = None,
    language: "Language" = "en",
    outputs: str | Path | None = None,
) -> Path:
    """Write advice for every subscriber of a file of any size; `load(...).advise` is for DataFrames.

    Args:
        months: CSV, Parquet or .xlsx file, as the run's own data.
        file: .csv or .parquet file of the advice, replaced when done; FILE.manifest.json is beside it.
        overrides: how the cells of the months are read, such as `data.decimal=comma`.
        run: a run, its folder, the beginning of its id, or `latest`; None: the pinned run.
        language: of the sentences.
        outputs: folder of runs and of the pin; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The file.

    Raises:
        ConfigError: FILE has another ending, or is the file of the months.
        DataError: columns are missing or rows break rules; lists all of them.
    """
    from planrec.serving.scoring.advice_manifest import write_manifest
    from planrec.serving.scoring.advice_target import check_advice_target
    from planrec.serving.scoring.score_file import score_file
    from planrec.serving.scoring.scorer import Scorer

    place = default_outputs() if outputs is None else Path(outputs)
    source, target = Path(months), Path(file)
    check_advice_target(target, source)
    scorer = Scorer(_served(run, place), language, has_reasons=True, overrides=overrides)
    with shown_share(f"score {source.name}") as report:
        scored = score_file(scorer, source, target, report)
    words = ["score", source, target, *overrides, "--run", scorer.saved.folder, "--language", language]
    command = command_line(*words, outputs=place)
    write_manifest(target, source, scored, scorer, command, is_logged=False)
    for note in scored.notes:
        warnings.warn(note, stacklevel=2)
    return target


def realised(
    *,
    since: date | None = None,
    until: date | None = None,
    by: "By | None" = None,
    outputs: str | Path | None = None,
) -> "pd.DataFrame":
    """Judge the advice in the decision log by the bills that came.

    Args:
        since: first day of decision; None: all.
        until: last day of decision.
        by: judges each plan held, segment or run on its own, too.
        outputs: folder of runs, with the default log.

    Returns:
        Columns `group` (None for all), `model`, `metric`, `value`, `low` and `high`; no row if no
        advice can be judged yet.

    Raises:
        LogError: the decision log cannot be read.
    """
    import pandas as pd

    from planrec.monitoring.realised.realised import realised as judge

    place = default_outputs() if outputs is None else Path(outputs)
    found = judge(log_url(None, place), place, days_between(since, until), by)
    rows = [
        (group, value.model, value.metric, value.value, value.low, value.high)
        for group, values in [(None, (*found.metrics, *found.promised)), *found.by.items()]
        for value in values
    ]
    return pd.DataFrame(rows, columns=["group", "model", "metric", "value", "low", "high"])


def retrain(*overrides: str, promote: bool = False, outputs: str | Path | None = None) -> "Retrained":
    """Train the pinned run's configuration on new data, and judge whether the new run may replace it.

    Args:
        overrides: changes to the configuration, mostly of its data: `data.path=may.csv`.
        promote: whether to pin the new run if it passes.
        outputs: folder of runs and of the pin; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The outcome with its reasons, and the folder of the new run.

    Raises:
        RunError: nothing is pinned, or the pinned run cannot be used.
    """
    from planrec.operating.retrain import retrain as retrain_pinned

    place = default_outputs() if outputs is None else Path(outputs)
    words: Sequence[str] = list(overrides)
    return retrain_pinned(
        place, words, promote=promote, signers=trusted_signers(), log_url=known_log_url(place)
    )


def _served(run: TrainedRun | str | Path | None, outputs: Path) -> "SavedRun":
    """Return the run that advises. Raises RunError if it cannot be served."""
    from planrec.serving.pin import load_pinned, signed_run

    if run is None:
        return load_pinned(outputs, trusted_signers())
    return signed_run(load(run, outputs=outputs).folder, trusted_signers())
