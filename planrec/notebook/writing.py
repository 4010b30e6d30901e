"""Files and tables made of runs: `pr.report`, `pr.card`, `pr.explain`, `pr.new_plans`, `pr.bundle`."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from planrec.cli.report import page_of
from planrec.files.atomic_write import write_atomically
from planrec.files.folder_walk import is_sweep
from planrec.files.outputs_folder import default_outputs
from planrec.notebook.progress import shown_progress
from planrec.notebook.trained_run import TrainedRun, load

if TYPE_CHECKING:
    import pandas as pd


def report(
    *runs: TrainedRun | str | Path,
    file: str | Path = "report.html",
    outputs: str | Path | None = None,
) -> Path:
    """Write one HTML page about runs.

    Args:
        runs: runs, their folders, the beginnings of their ids, `latest`, or folders of sweeps.
        file: the page, which is replaced.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The file.

    Raises:
        RunError: a run cannot be read.
    """
    given = runs or ("latest",)
    target = Path(file)
    places = [run.outputs for run in given if isinstance(run, TrainedRun)] or [default_outputs()]
    page = page_of(
        [run_or_sweep(run, outputs) for run in given], places[0] if outputs is None else Path(outputs)
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, page.encode())
    return target


def run_or_sweep(run: TrainedRun | str | Path, outputs: str | Path | None) -> Path:
    """Return the folder of a run, or that of a sweep. Raises RunError."""
    if not isinstance(run, TrainedRun) and is_sweep(Path(run)):
        return Path(run)
    return load(run, outputs=outputs).folder


@dataclass(frozen=True, repr=False)
class RunCard:
    """A card, which a notebook shows with headings and tables; `str(card)` is its Markdown."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{self.text.partition(chr(10))[0]} ({self.text.count(chr(10))} lines; print(card) shows all)"

    def _repr_markdown_(self) -> str:
        return self.text


def card(
    run: TrainedRun | str | Path = "latest",
    kind: Literal["model", "data"] = "model",
    *,
    outputs: str | Path | None = None,
) -> RunCard:
    """Return the model card or the data card of a run.

    Args:
        run: a run, its folder, the beginning of its id, or `latest`.
        kind: `model`: purpose and quality of the run; `data`: its data.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Raises:
        RunError: the run cannot be read.
    """
    from planrec.reports.cards.data_card import data_cards
    from planrec.reports.cards.model_card import model_cards

    folder = load(run, outputs=outputs).folder
    return RunCard((model_cards if kind == "model" else data_cards)([folder]))


def explain(
    run: TrainedRun | str | Path = "latest", *, repeats: int = 5, outputs: str | Path | None = None
) -> "pd.DataFrame":
    """Say which features a run's model looks at: its folds are fitted again, and each feature is shuffled.

    Args:
        run: a run, its folder, the beginning of its id, or `latest`.
        repeats: times each column is shuffled.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The columns of `planrec explain --csv`, the feature that counts most first.

    Raises:
        RunError: the run cannot be read, or its data has changed.
    """
    import pandas as pd

    from planrec.reports.explanation.feature_importance import as_csv
    from planrec.reports.explanation.feature_importance import explain as explain_folder

    folder = load(run, outputs=outputs).folder
    with shown_progress("explain") as progress:
        explanation = explain_folder(folder, repeats, progress)
    return pd.read_csv(StringIO(as_csv(explanation)))


def new_plans(
    run: TrainedRun | str | Path, catalogue: str | Path, *, outputs: str | Path | None = None
) -> TrainedRun:
    """Write a new run that recommends the plans of a new version of the catalogue, without training.

    Args:
        run: a run, its folder, the beginning of its id, or `latest`; it stays as it is.
        catalogue: file with the new version of the run's catalogue.
        outputs: folder that gets the new run; None: that of the run.

    Raises:
        RunError: the model of the run ranks only plans that it was trained on.
        CatalogueError: the file is not a new version of the catalogue; lists every problem.
    """
    from planrec.serving.new_plans import with_new_plans

    found = load(run, outputs=outputs)
    place = found.outputs if outputs is None else Path(outputs)
    return load(with_new_plans(found.folder, str(catalogue), place), outputs=place)


def bundle(
    run: TrainedRun | str | Path, file: str | Path, key: str | Path, *, outputs: str | Path | None = None
) -> Path:
    """Write a run as one signed file, which `planrec pin` takes on another machine.

    Args:
        run: a run, its folder, the beginning of its id, or `latest`.
        file: the bundle.
        key: private key that signs it; `planrec bundle --new-key FILE` makes one.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The file.

    Raises:
        RunError: the run cannot be served.
        ConfigError: the key cannot be read.
    """
    from planrec.serving.bundle.make_bundle import make_bundle

    make_bundle(load(run, outputs=outputs).folder, Path(file), Path(key))
    return Path(file)
