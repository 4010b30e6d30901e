"""Sentences of model cards that hold for every run with one target; they contain no figures."""

QUESTION = {
    "held": "Which plan does each subscriber hold?",
    "best_bill": "Which plan would have cost each subscriber least?",
    "choice": "Which plan did each subscriber pick from the menu?",
}

OF_PLUG_IN = "The target comes from a plug-in, whose documentation describes it."

INTENDED = {
    "held": "Reproducing which plan subscribers hold, for comparison with published results and for"
    " acceptance models. **Not** for advice: it learns past mistakes along with good choices.",
    "best_bill": "Advising subscribers, or the staff who serve them, which plan would cost them least over"
    " the next months. Bills follow the run's catalogue; discounts and taxes outside it are unknown.",
    "choice": "Shares of plans, and their change if prices change. **Not** for advice: people also chose"
    " plans that do not suit them.",
}

NEVER = {
    "held": [
        "Advice to subscribers, or anything that changes what they pay.",
        "Credit, employment, insurance, law enforcement, or any judgement of a person.",
    ],
    "best_bill": [
        "Moving a subscriber to another plan without asking: this is advice.",
        "Advice that serves the operator's revenue: the target is the subscriber's bill.",
        "Plans, prices, countries or years that are not in the run's catalogue and data.",
        "Credit, employment, insurance, law enforcement, or any judgement of a person.",
    ],
    "choice": [
        "Advice to subscribers, or anything that changes what one person pays.",
        "Prices far outside those that people chose under: the model then extrapolates.",
        "Credit, employment, insurance, law enforcement, or any judgement of a person.",
    ],
}

LEARNED = {
    "held": "The plan held in the row's month. People chose it; it need not suit them.",
    "best_bill": "The available plan with the lowest realised bills over the months after the decision,"
    " including the cost of switching; ties go to the plan held.",
    "choice": "The plan that was picked from the menu of the case. Attributes go with choices; they need"
    " not be their cause.",
}

NOT_COMPARED = (
    "Not compared: people by age, sex, origin, disability, income or place. The data declares no protected"
    " column (data.protected_columns), so it is unknown if errors differ between them."
)


CALIBRATION = {
    "none": "The probabilities are not calibrated after training.",
    "sigmoid": "A logistic curve for each plan calibrates the probabilities (`calibration=sigmoid`)",
    "isotonic": "A rising curve for each plan calibrates the probabilities (`calibration=isotonic`)",
    "temperature": "One temperature for all plans calibrates the probabilities (`calibration=temperature`)",
}
CROSS_FITTED = (
    ", before unavailable plans are removed. It is fitted inside each fold, on training rows that the"
    " calibrated model was not fitted on. Neither has seen the rows that are judged here."
)


def calibration(kind: str) -> str:
    """Describe the calibration and the rows that it was fitted on.

    Examples:
        >>> calibration("none")
        'The probabilities are not calibrated after training.'
    """
    return CALIBRATION[kind] + ("" if kind == "none" else CROSS_FITTED)


def ethics(target: str) -> list[str]:
    """Return the risks for subscribers and others."""
    advice = [
        "Wrong advice costs the subscriber money: `harm_rate` is the share of decisions that do, by more than"
        " 0.50 a month.",
        "Subscribers who are advised to stay pay as before; ignoring advice costs no one a plan.",
    ]
    return [
        *(advice if target == "best_bill" else []),
        "Usage is personal data: it shows when and how much a person calls and writes. A run folder contains"
        " out-of-fold rows with subscriber ids and needs the same protection.",
        "Usage can be a proxy for age, income or origin, even if no such column is a feature.",
    ]


def caveats(target: str) -> list[str]:
    """Return the limits of the figures."""
    later = ["Bills are judged within the horizon only: later changes of prices or habits are not measured."]
    return [
        "Usage was observed under the plan then held: subscribers who reach a limit use less.",
        "Intervals are over subscribers of this data: another operator, country or year is not covered.",
        *(later if target == "best_bill" else []),
    ]
