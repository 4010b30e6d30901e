"""The folds of a run, fitted again: a run keeps the model of all rows, which has seen every row."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from planrec.config.run_config import RunConfig
from planrec.contracts import BlendModel, Fold
from planrec.errors import RunError
from planrec.files.outputs_folder import command_line
from planrec.recommending.recommender import Recommender, model_input
from planrec.runs.provenance import versions
from planrec.runs.read import SavedRun, read_out_of_fold, read_record
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import Report, fingerprint, load_decisions, models_of
from planrec.training.fitting import fitted_recommender
from planrec.training.out_of_fold import FoldPrediction

SAME = 1e-9
"Probabilities nearer than this are the same: linear algebra adds up in the order that its threads finish."


@dataclass(frozen=True)
class FittedFold:
    """One fold's recommender, and the rows that it never saw as its model sees them."""

    number: int
    fold: Fold
    recommender: Recommender
    test: DecisionTable
    matrix: np.ndarray
    "Shape (n_test, n_features): what the feature set makes of the test rows."
    names: tuple[str, ...]
    "Of the columns of `matrix`; with text columns they can differ from fold to fold."

    def predicted(self, matrix: np.ndarray) -> FoldPrediction:
        """What the recommender says of the test rows where its model is given this matrix instead."""
        given = FunctionTransformer(lambda _: matrix)
        pipeline = Pipeline([("features", given), self.recommender.pipeline.steps[-1]])
        predicted = replace(self.recommender, pipeline=pipeline).predict(self.test)
        return FoldPrediction(self.number, self.fold, self.recommender.policy, predicted)


def refit(saved: SavedRun, report: Report) -> tuple[DecisionTable, list[FittedFold]]:
    """Read the run's data anew and fit its model on each fold as the run did.

    The folds come in the order of their repeats.

    Raises:
        RunError: the model reads no features, or data, folds or out-of-fold probabilities are not those of
            the run.
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
) -> FittedFold:
    features = recommender.pipeline[:-1]
    matrix = features.transform(model_input(config.features, recommender.model, test))
    names = tuple(str(name) for name in features.get_feature_names_out())
    return FittedFold(number, fold, recommender, test, matrix, names)


def _check_reads_features(saved: SavedRun) -> None:
    model = saved.config.model
    if isinstance(model, BlendModel):
        raise RunError(
            f"{saved.folder}: model={model.kind} blends {', '.join(model.blend)}: explain one of them"
        )
    if model.traits.reads != "features":
        raise RunError(
            f"{saved.folder}: model={model.kind} reads a subscriber's months and the plans, not features:"
            " there is no column to explain. Each of its answers says why in `reasons`, and"
            f" {command_line('report', saved.folder)} shows where it errs; to see which features tell the"
            " plan, explain a run of a model that reads them, such as model=lgbm"
        )


def _check_same(saved: SavedRun, what: str, found: str, expected: str) -> None:
    if found != expected:
        raise RunError(
            f"{saved.folder} was trained on other {what} than its configuration gives now (sha256"
            f" {found[:12]}, the run's {expected[:12]}): what it saw of a row is not known. Train it again:"
            f" {saved.manifest.command}",
            _other_versions(saved),
        )


def _check_same_probabilities(saved: SavedRun, table: DecisionTable, fitted: list[FittedFold]) -> None:
    """Raises RunError where a fold fitted again is not the model that the run judged."""
    saved_rows = read_out_of_fold(read_record(saved.folder), [saved.config.model.kind])
    columns = [OutOfFold.PROBABILITY + plan for plan in table.plans]
    of_repeat = {
        repeat: rows.set_index(OutOfFold.DECISION_ID)[columns]
        for repeat, rows in saved_rows.groupby(OutOfFold.REPEAT)
    }
    for part in fitted:
        expected = of_repeat[part.fold.repeat].loc[part.fold.test].to_numpy(np.float64)
        difference = np.abs(part.predicted(part.matrix).prediction.probability - expected).max()
        if not difference <= SAME:
            raise RunError(
                f"{saved.folder}: fold {part.number} fitted again gives other probabilities than the run"
                f" saved, by up to {difference:.2g}: what would be explained is another model. Train it"
                f" again: {saved.manifest.command}",
                _other_versions(saved),
            )


def _other_versions(saved: SavedRun) -> list[str]:
    """Packages whose versions are not those of the run."""
    then, now = saved.manifest.versions, versions()
    return [
        f"{name} was {then.get(name, 'not there')} and is {now.get(name, 'not there')}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]
