"""Cards of a choice model: coefficients with their errors, shares, price elasticities."""

from planrec.choice import ChoiceFacts
from planrec.reports.page.markup import Card, TableCell, paragraph, table, terms


def choice_cards(facts: ChoiceFacts | None) -> list[Card]:
    """Return the cards of a choice model; none for other models."""
    if facts is None:
        return []
    return [Card("Coefficients", _coefficients(facts)), Card("Shares of the plans", _plans(facts))]


def _coefficients(facts: ChoiceFacts) -> str:
    """Return the coefficients, their errors, and the fit."""
    paid = {one.name: one for one in facts.willingness_to_pay}
    rows = []
    for one in facts.coefficients:
        cells = [f"{one.estimate:.6g}", _number(one.standard_error), _number(one.robust_standard_error)]
        if paid:
            term = paid.get(one.name)
            cells.append("-" if term is None else f"{term.value:.2f} ± {_number(term.standard_error)}")
        rows.append((one.name, [TableCell(cell) for cell in cells]))
    heads = ["term", "estimate", "standard error", "robust", *(["worth a month"] if paid else [])]
    clustered = "subscriber" if facts.n_subscribers < facts.n_cases else "case"
    caption = f"Coefficients of the utility, in the units of the data; robust errors by {clustered}"
    problem = (
        f"The data do not determine {facts.undetermined}: no standard errors." if facts.undetermined else ""
    )
    return table(caption, heads, rows) + (paragraph(problem) if problem else "") + terms(_fit(facts))


def _fit(facts: ChoiceFacts) -> list[tuple[str, str]]:
    """Return log-likelihood and criteria in words."""
    pairs = [
        ("log-likelihood", f"{facts.log_likelihood:.3f}; equal shares {facts.null_log_likelihood:.3f}"),
        ("rho squared", f"{facts.rho_squared:.4f}, adjusted {facts.adjusted_rho_squared:.4f}"),
        ("AIC, BIC", f"{facts.aic:.2f}, {facts.bic:.2f}"),
    ]
    if (test := facts.nest_test) is not None:
        pairs.append(
            (
                "nests against logit",
                f"likelihood ratio {test.statistic:.2f}, {test.degrees_of_freedom} degrees of freedom,"
                f" p {test.p_value:.3g}",
            )
        )
    return pairs


def _plans(facts: ChoiceFacts) -> str:
    """Return the shares of the plans, and how they answer to prices."""
    priced = [one.plan for one in facts.plans if one.price_elasticity]
    rows = [
        (
            one.plan,
            [
                TableCell(f"{one.observed_share:.3f}"),
                TableCell(f"{one.predicted_share:.3f}"),
                *(TableCell(f"{one.price_elasticity[plan]:.3f}") for plan in priced),
            ],
        )
        for one in facts.plans
    ]
    heads = ["plan", "observed", "predicted", *(f"price of {plan}" for plan in priced)]
    caption = "Shares of the training cases, and change of the share in percent per 1 % of a price"
    # A logit moves the shares of all other plans alike; only nests change that.
    note = "In a logit without nests a dearer plan loses to all other plans in proportion to their shares."
    return table(caption, heads, rows) + paragraph(note)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
