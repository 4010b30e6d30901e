"""What a model card says of every run with one target: no figures, only what holds for all of them."""

QUESTION = {
    "held": "Which plan does each subscriber hold?",
    "best_bill": "Which plan would have cost each subscriber least?",
}

INTENDED = {
    "held": "Reproducing which plan subscribers hold, for comparison with published results and for"
    " acceptance models. **Not** for advice: it learns past mistakes along with good choices.",
    "best_bill": "Advising subscribers, or the people who serve them, which plan would cost them least over"
    " the next months. Bills follow the run's catalogue; discounts and taxes outside it are not known.",
}

NEVER = {
    "held": [
        "Advice to subscribers, or anything that changes what they pay.",
        "Credit, employment, insurance, law enforcement, or any judgement of a person.",
    ],
    "best_bill": [
        "Moving a subscriber to another plan without asking: this is advice.",
        "Advice that serves the operator's revenue: the target is the subscriber's bill.",
        "Plans, prices, countries or years that the run's catalogue and data do not hold.",
        "Credit, employment, insurance, law enforcement, or any judgement of a person.",
    ],
}

LEARNED = {
    "held": "The plan held in the row's month. It is what people chose, not what suits them.",
    "best_bill": "The plan of the menu with the lowest realised bills over the months after the decision, the"
    " cost of switching included; ties go to the plan held.",
}

NOT_COMPARED = (
    "Not compared: people by age, sex, origin, disability, income or place. The data declares no protected"
    " column (data.protected_columns), so that nothing is known about how errors differ between them."
)


CALIBRATION = {
    "none": "Nothing calibrates the probabilities afterwards.",
    "sigmoid": "A logistic curve for each plan calibrates the probabilities (`calibration=sigmoid`)",
    "isotonic": "A rising curve for each plan calibrates the probabilities (`calibration=isotonic`)",
    "temperature": "One temperature for all plans calibrates the probabilities (`calibration=temperature`)",
}
CROSS_FITTED = (
    ", before the menu is applied. It is learned inside each fold, on training rows that the calibrated model"
    " was not fitted on, so that the rows judged here were seen by neither."
)


def calibration(kind: str) -> str:
    """What was done to the probabilities, and on which rows that was learned."""
    return CALIBRATION[kind] + ("" if kind == "none" else CROSS_FITTED)


def ethics(target: str) -> list[str]:
    """Who can be hurt and how."""
    advice = [
        "Wrong advice costs the subscriber money: `harm_rate` is the share of decisions that do, by more than"
        " 0.50 a month.",
        "Who is advised to stay pays as before; nobody loses a plan by not following advice.",
    ]
    return [
        *(advice if target == "best_bill" else []),
        "Usage is personal data: it tells when and how much someone calls and writes. A run folder holds"
        " single out-of-fold rows with their subscriber id, and belongs under the same protection.",
        "Usage can stand in for age, income or origin even where no such column is a feature.",
    ]


def caveats(target: str) -> list[str]:
    """What the figures cannot say."""
    later = [
        "Bills are judged over the horizon alone: a price change or another life afterwards is not seen."
    ]
    return [
        "Usage was observed under the plan then held: a subscriber who runs into limits uses less.",
        "Intervals are over subscribers of this data: another operator, country or year is not covered.",
        *(later if target == "best_bill" else []),
    ]
