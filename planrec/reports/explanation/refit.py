"""Folds of a run, fitted again: a run stores only the model that was fitted on all rows."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from planrec.commands.advice import command_line, typed
from planrec.config.run_config import RunConfig
from planrec.contracts import BlendModel, Fold
from planrec.errors import RunError
from planrec.recommending.recommender import Recommender, model_input
from planrec.runs.provenance import versions
from planrec.runs.read import SavedRun, read_out_of_fold, read_record
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import Report, fingerprint, load_decisions, models_of
from planrec.training.fitting import fitted_recommender
from planrec.training.out_of_fold import FoldPrediction

SAME = 1e-9
"Closer probabilities are equal: linear algebra sums in the order in which its threads finish."


@dataclass(frozen=True)
class FoldModel:
    """Recommender of one fold, with the test rows and their feature matrix."""

    number: int
    fold: Fold
    recommender: Recommender
    test: DecisionTable
    matrix: np.ndarray
    "Features of the test rows, shape (n_test, n_features)."
    names: tuple[str, ...]
    "Names of the columns of `matrix`; with text columns they can differ from fold to fold."

    def predict(self, matrix: np.ndarray) -> FoldPrediction:
        """Predict the test rows with this matrix in place of their features."""
        given = FunctionTransformer(lambda _: matrix)
        pipeline = Pipeline([("features", given), self.recommender.pipeline.steps[-1]])
        predicted = replace(self.recommender, pipeline=pipeline).predict(self.test)
        return FoldPrediction(self.number, self.fold, self.recommender.policy, predicted)


def refit(saved: SavedRun, report: Report) -> tuple[DecisionTable, list[FoldModel]]:
    """Read the run's data again and fit its model on each fold as the run did.

    Args:
        saved: the run.
        report: receives the progress.

    Returns:
        The data, and the folds in the order of their repeats.

    Raises:
        RunError: the model reads no features, or data, folds or out-of-fold probabilities differ from those
            of the run.
    """
    _check_reads_features(saved)
    table = load_decisions(saved.config).table
    _check_same(saved, "data", table.fingerprint(), saved.manifest.data_fingerprint)
    folds = list(saved.config.cv.split(table, saved.config.seed))
    _check_same(saved, "folds", fingerprint(folds), saved.manifest.folds_fingerprint)
    tuned = saved.manifest.tuned
    models = models_of(saved.config, len(folds), tuned)[saved.config.model.kind]
    fitted = []
    for number, (model, fold) in enumerate(zip(models, folds, strict=True)):
        train = table.take(fold.train)
        recommender = fitted_recommender(saved.config, model, train, table, saved.config.threads)
        fitted.append(_with_matrix(saved.config, number, fold, recommender, table.take(fold.test)))
        report(f"fold {number + 1} of {len(folds)}", number + 1, len(folds))
    _check_same_probabilities(saved, table, fitted)
    return table, sorted(fitted, key=lambda part: part.fold.repeat)


def _with_matrix(
    config: RunConfig, number: int, fold: Fold, recommender: Recommender, test: DecisionTable
) -> FoldModel:
    features = recommender.pipeline[:-1]
    matrix = features.transform(model_input(config.features, recommender.model, test))
    names = tuple(str(name) for name in features.get_feature_names_out())
    return FoldModel(number, fold, recommender, test, matrix, names)


def _check_reads_features(saved: SavedRun) -> None:
    model = saved.config.model
    if isinstance(model, BlendModel):
        members = ", ".join(model.blend)
        raise RunError(f"{saved.folder}: model={model.kind} blends {members}: explain a run of one of them")
    if model.traits.reads != "features":
        raise RunError(
            f"{saved.folder}: model={model.kind} reads a subscriber's months and the plans, not features:"
            " there is no column to explain. The `reasons` of its answers explain them, and"
            f" {command_line('report', saved.folder)} shows its errors by group; to see which features"
            f" matter, explain a run of a model that reads features, such as {typed(model='lgbm')}"
        )


def _check_same(saved: SavedRun, what: str, found: str, expected: str) -> None:
    if found != expected:
        raise RunError(
            f"{saved.folder} was trained on other {what} than its configuration gives now (sha256"
            f" {found[:12]}, the run's {expected[:12]}), so its folds cannot be fitted again. Train it again:"
            f" {saved.manifest.command}",
            _other_versions(saved),
        )


def _check_same_probabilities(saved: SavedRun, table: DecisionTable, fitted: list[FoldModel]) -> None:
    """Raise RunError if the model of a fold is not the model that the run judged."""
    saved_rows = read_out_of_fold(read_record(saved.folder), [saved.config.model.kind])
    columns = [OutOfFold.PROBABILITY + plan for plan in table.plans]
    of_repeat = {
        repeat: rows.set_index(OutOfFold.DECISION_ID)[columns]
        for repeat, rows in saved_rows.groupby(OutOfFold.REPEAT)
    }
    for part in fitted:
        expected = of_repeat[part.fold.repeat].loc[part.fold.test].to_numpy(np.float64)
        difference = np.abs(part.predict(part.matrix).prediction.probability - expected).max()
        if not difference <= SAME:
            raise RunError(
                f"{saved.folder}: fold {part.number} fitted again gives other probabilities than the run"
                f" saved, by up to {difference:.2g}: it is another model. Train it again:"
                f" {saved.manifest.command}",
                _other_versions(saved),
            )


def _other_versions(saved: SavedRun) -> list[str]:
    """Return a line for each package whose version is not that of the run."""
    then, now = saved.manifest.versions, versions()
    return [
        f"{name} was {then.get(name, 'missing')} and is {now.get(name, 'missing')}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]
