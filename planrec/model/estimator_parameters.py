"""Parameters of scikit-learn objects at any depth."""

from sklearn.base import BaseEstimator


def set_everywhere(estimator: BaseEstimator, parameter: str, value: object) -> None:
    """Set every parameter of this name, in all nested estimators."""
    names = [name for name in estimator.get_params() if name.split("__")[-1] == parameter]
    estimator.set_params(**dict.fromkeys(names, value))
