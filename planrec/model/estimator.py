"""Model `estimator`: any scikit-learn classifier on the allow-list, by its class path."""

from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, JsonValue, ValidationInfo, WithJsonSchema, field_validator
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.fold_proof import FOLD_PROOF, FoldProof
from planrec.model.importances import COEFFICIENTS, IMPURITY
from planrec.wording import did_you_mean

_TREE = "sklearn.tree._tree.Tree"

ALLOWED: dict[str, tuple[str, ...]] = {
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": (),
    "sklearn.ensemble.AdaBoostClassifier": (_TREE,),
    "sklearn.ensemble.ExtraTreesClassifier": (_TREE,),
    "sklearn.ensemble.GradientBoostingClassifier": (_TREE,),
    "sklearn.ensemble.HistGradientBoostingClassifier": (
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    ),
    "sklearn.ensemble.RandomForestClassifier": (_TREE,),
    "sklearn.linear_model.LogisticRegression": (),
    "sklearn.naive_bayes.GaussianNB": (),
    "sklearn.neighbors.KNeighborsClassifier": (
        "sklearn.metrics._dist_metrics.BrayCurtisDistance64",
        "sklearn.metrics._dist_metrics.CanberraDistance64",
        "sklearn.metrics._dist_metrics.ChebyshevDistance64",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.HammingDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
    ),
    "sklearn.neural_network.MLPClassifier": (
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    ),
    "sklearn.tree.DecisionTreeClassifier": (_TREE,),
}
"""Class path -> types in a saved one beyond skops' own trusted types. The list holds classes, never packages,
because a class path is code to import. Each class has `predict_proba` and repeats itself bit for bit."""

SET_BY_THE_RUN = {"random_state": "seed", "n_jobs": "threads"}
"Parameters that a run sets -> key of the run."


def _allowed_class(class_path: str) -> str:
    if class_path not in ALLOWED:
        raise ValueError(f"not on the allow-list{_nearest(class_path)}; allowed: {', '.join(ALLOWED)}")
    return class_path


def _nearest(class_path: str) -> str:
    """Return a suggestion by class name alone, because people forget the module."""
    by_name = {path.rpartition(".")[2]: path for path in ALLOWED}
    near = get_close_matches(class_path.rpartition(".")[2], by_name, n=1)
    return f" (did you mean {by_name[near[0]]!r}?)" if near else ""


class Estimator(Model):
    """Any allowed scikit-learn classifier, behind median imputing and standardising.

    Both are always applied: some classes need them, and trees do not mind. Imputing adds an indicator column
    for each column with gaps.
    """

    traits: ClassVar[ModelTraits] = ModelTraits(
        is_exact_by_row=False,
        trusted_types=(
            FOLD_PROOF,
            "numpy.dtype",
            *sorted({name for names in ALLOWED.values() for name in names}),
        ),
        importance_meaning=f"{IMPURITY}, or {COEFFICIENTS}, as the class has it",
    )

    kind: Literal["estimator"]
    class_path: Annotated[
        str, AfterValidator(_allowed_class), WithJsonSchema({"type": "string", "enum": list(ALLOWED)})
    ]
    "Public path of a class of the allow-list."
    parameters: dict[str, JsonValue]
    "Parameters of its constructor that differ from scikit-learn's defaults."

    @field_validator("parameters")
    @classmethod
    def _fit_the_class(cls, parameters: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        if "class_path" not in info.data:  # reported already
            return parameters
        classifier = _class_of(info.data["class_path"])
        if problems := _misnamed(parameters, classifier):
            raise ValueError("; ".join(problems))
        # scikit-learn checks values in fit only; checked here, a wrong one stops before any data is read.
        classifier(**parameters)._validate_params()
        return parameters

    @property
    def takes_weights(self) -> bool:
        """Whether `fit` of the class takes `sample_weight`."""
        from sklearn.utils.validation import has_fit_parameter

        return bool(has_fit_parameter(_class_of(self.class_path), "sample_weight"))

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build imputing, scaling and the classifier, with the seed if it is random."""
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        classifier = _class_of(self.class_path)(**self.parameters)
        if "random_state" in classifier.get_params():
            classifier.set_params(random_state=seed)
        return FoldProof(
            make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler(), classifier)
        )


def _class_of(class_path: str) -> type[BaseEstimator]:
    module, _, name = class_path.rpartition(".")
    return getattr(import_module(module), name)


def _misnamed(parameters: dict[str, JsonValue], classifier: type[BaseEstimator]) -> list[str]:
    """Return one sentence for the parameters that the class lacks and for each one that the run sets."""
    known = [name for name in classifier().get_params() if name not in SET_BY_THE_RUN]
    problems = [
        f"{name!r} is set by the run: type {SET_BY_THE_RUN[name]}="
        for name in parameters
        if name in SET_BY_THE_RUN
    ]
    if unknown := [name for name in parameters if name not in known and name not in SET_BY_THE_RUN]:
        listed = ", ".join(f"{name!r}{did_you_mean(name, known)}" for name in unknown)
        problems.append(
            f"{classifier.__name__} has no parameter {listed}; allowed: {', '.join(known) or 'none'}"
        )
    return problems
