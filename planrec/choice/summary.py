"""The facts of a fitted choice model: fit, coefficients, elasticities, willingness to pay, shares."""

import numpy as np

from planrec.choice.classifier import ConditionalLogitClassifier
from planrec.choice.fit import Coefficients
from planrec.choice.plan_columns import plan_column
from planrec.schema.columns import Columns
from planrec.schema.config_model import Config

PRICE_STEP = 1e-4
"Relative change of a price in the central difference of an elasticity."


class CoefficientFact(Config):
    """One coefficient, in the units of the data."""

    name: str
    estimate: float
    standard_error: float | None
    "None if the data do not determine it, or for the scale of a nest at its bound of 1."
    robust_standard_error: float | None
    "Clustered by subscriber."


class PlanFact(Config):
    """One plan among the training cases."""

    plan: str
    observed_share: float
    predicted_share: float
    price_elasticity: dict[str, float]
    "Plan -> change of this plan's chance in percent if the price of that plan rises by 1 %."


class WillingnessToPay(Config):
    """The price rise that one unit of a term makes up for."""

    name: str
    value: float
    standard_error: float | None
    "Delta method."


class NestTest(Config):
    """Likelihood-ratio test of the nests against the logit without them."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


class ChoiceFacts(Config):
    """The content of choice.json."""

    log_likelihood: float
    null_log_likelihood: float
    "Of equal shares of the available plans."
    rho_squared: float
    adjusted_rho_squared: float
    aic: float
    bic: float
    n_cases: int
    n_subscribers: int
    undetermined: str
    "Coefficients that the data do not determine; empty if there are none."
    coefficients: tuple[CoefficientFact, ...]
    nest_test: NestTest | None
    willingness_to_pay: tuple[WillingnessToPay, ...]
    "Empty unless `model.price` has one linear coefficient."
    plans: tuple[PlanFact, ...]


def facts_of(model: object, X: Columns, y: np.ndarray) -> ChoiceFacts | None:
    """Compute the facts of an estimator on the cases that it was fitted on; None if it is no choice model."""
    if not isinstance(model, ConditionalLogitClassifier) or not model.columns_.plans:
        return None
    found: Coefficients = model.coefficients_
    n_coefficients, null = len(found.estimates), found.null_log_likelihood
    return ChoiceFacts(
        log_likelihood=found.log_likelihood,
        null_log_likelihood=null,
        rho_squared=1 - found.log_likelihood / null,
        adjusted_rho_squared=1 - (found.log_likelihood - n_coefficients) / null,
        aic=2 * n_coefficients - 2 * found.log_likelihood,
        bic=float(n_coefficients * np.log(found.n_cases) - 2 * found.log_likelihood),
        n_cases=found.n_cases,
        n_subscribers=found.n_subscribers,
        undetermined=found.undetermined,
        coefficients=tuple(_coefficient_facts(found)),
        nest_test=_nest_test(model, found),
        willingness_to_pay=tuple(_willingness_to_pay(model, found)),
        plans=tuple(_plan_facts(model, X, y)),
    )


def price_elasticities(model: ConditionalLogitClassifier, X: Columns) -> np.ndarray:
    """Compute the elasticity of each plan's share by each plan's price, shape (J, J).

    Row: plan whose chance changes; column: plan whose price rises. Cases are weighted by their probability
    of the plan of the row.
    """
    price, plans = model.specification.price, model.columns_.plans
    total = model.shares(X).probability.sum(axis=0)
    by_price = []
    for plan in plans:
        column = plan_column(str(price), plan)
        dearer, cheaper = (
            model.shares(X | {column: X[column] * (1 + step)}).probability.sum(axis=0)
            for step in (PRICE_STEP, -PRICE_STEP)
        )
        by_price.append((dearer - cheaper) / (2 * PRICE_STEP) / np.maximum(total, np.finfo(float).tiny))
    return np.array(by_price).T


def price_term(model: ConditionalLogitClassifier) -> int | None:
    """Return the position of the price's coefficient; None unless the price has one linear coefficient."""
    price, columns = model.specification.price, model.columns_
    if price is None or price in model.specification.by_group:
        return None
    is_linear = model.specification.transforms(columns).get(price) == "linear"
    return model.coefficients_.names.index(price) if is_linear else None


def _coefficient_facts(found: Coefficients) -> list[CoefficientFact]:
    errors, robust = _errors(found.covariance, found), _errors(found.robust_covariance, found)
    rows = zip(found.names, found.estimates.tolist(), errors, robust, strict=True)
    return [
        CoefficientFact(name=name, estimate=value, standard_error=error, robust_standard_error=sandwich)
        for name, value, error, sandwich in rows
    ]


def _errors(covariance: np.ndarray | None, found: Coefficients) -> list[float | None]:
    if covariance is None:
        return [None] * len(found.names)
    return [None if np.isnan(variance) else float(np.sqrt(variance)) for variance in np.diag(covariance)]


def _nest_test(model: ConditionalLogitClassifier, found: Coefficients) -> NestTest | None:
    from scipy.stats import chi2

    if not (free := len(model.specification.scale_names())):
        return None
    statistic = max(2 * (found.log_likelihood - found.logit_log_likelihood), 0.0)
    return NestTest(statistic=statistic, degrees_of_freedom=free, p_value=float(chi2.sf(statistic, free)))


def _willingness_to_pay(model: ConditionalLogitClassifier, found: Coefficients) -> list[WillingnessToPay]:
    """Divide each coefficient by minus that of the price, with errors of the delta method."""
    price = price_term(model)
    if price is None or found.estimates[price] == 0:
        return []
    of_price = found.estimates[price]
    n_terms = len(found.names) - len(model.specification.scale_names())
    paid = []
    for term in range(n_terms):
        if term == price:
            continue
        slope = np.zeros(len(found.names))
        slope[term], slope[price] = -1 / of_price, found.estimates[term] / of_price**2
        error = None if found.covariance is None else _root(slope, found.covariance)
        value = float(-found.estimates[term] / of_price)
        paid.append(WillingnessToPay(name=found.names[term], value=value, standard_error=error))
    return paid


def _root(slope: np.ndarray, covariance: np.ndarray) -> float:
    return float(np.sqrt(slope @ np.nan_to_num(covariance) @ slope))


def _plan_facts(model: ConditionalLogitClassifier, X: Columns, y: np.ndarray) -> list[PlanFact]:
    plans = model.columns_.plans
    predicted = model.predict_proba(X).mean(axis=0)
    observed = np.bincount(y, minlength=len(plans)) / len(y)
    has_price = model.specification.price is not None
    elasticities = price_elasticities(model, X).tolist() if has_price else [[]] * len(plans)
    return [
        PlanFact(
            plan=plan,
            observed_share=float(observed[row]),
            predicted_share=float(predicted[row]),
            price_elasticity=dict(zip(plans, elasticities[row], strict=True)) if has_price else {},
        )
        for row, plan in enumerate(plans)
    ]
