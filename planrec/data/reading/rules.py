"""Rules that cells must meet, in the words that training and scoring share."""

from collections.abc import Sequence

import numpy as np

from planrec.schema.columns import MAX_USAGE
from planrec.wording import did_you_mean, shown

NOT_BLANK = "must not be blank"
NO_ERROR = "must not be an error of a spreadsheet: repair the formula, or delete the row"
WHOLE_ID = (
    "must be written in full: a spreadsheet shortened the number; format the column as text and export again"
)
NUMBERS = "must hold numbers"
FINITE = "must be finite"
NOT_NEGATIVE = "must be >= 0"
READABLE = "must hold numbers, booleans, dates or text"
ONE_ROW_PER_MONTH = "a subscriber must have one row per month: which of several is true is unknown"


SHOWN_BLANK = 3
"Cells that count as blank that a message lists."


def not_blank(blank: Sequence[str]) -> str:
    """State the rule of cells that must hold something, and which cells count as blank.

    Args:
        blank: the cells that count as blank, beside empty ones.

    Examples:
        >>> not_blank(("NA", "N/A", "n/a", "?"))
        'must not be blank (NA, N/A, n/a ... count as blank)'
        >>> not_blank(("-999",)), not_blank(())
        ('must not be blank (-999 counts as blank)', 'must not be blank')
    """
    if not blank:
        return NOT_BLANK
    more = " ..." if len(blank) > SHOWN_BLANK else ""
    verb = "counts" if len(blank) == 1 else "count"
    return f"{NOT_BLANK} ({', '.join(blank[:SHOWN_BLANK])}{more} {verb} as blank)"


def amount_rules(values: np.ndarray, strange: np.ndarray) -> dict[str, np.ndarray]:
    """Find the rows that break each rule of usage amounts but the one of `not_blank`.

    Args:
        values: shape (n,), float64; NaN for cells that hold no number.
        strange: shape (n,), bool: cells that hold something else.

    Examples:
        >>> rules = amount_rules(np.array([1.0, -2.0]), np.zeros(2, bool))
        >>> [rule for rule, rows in rules.items() if rows.any()]
        ['must be >= 0']
    """
    is_finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return {
            NUMBERS: strange,
            FINITE: np.isinf(values),
            NOT_NEGATIVE: (values < 0) & is_finite,
            f"must be at most {MAX_USAGE:,.0f}": (values > MAX_USAGE) & is_finite,
        }


def plan_rule(plan: str, name: str, plans: Sequence[str], owner: str) -> str:
    """Name the rule that a plan in a file breaks if it is not one of `plans`.

    Args:
        plan: the plan as the file spells it.
        name: its name after `data.plan_names`.
        plans: the plans that are allowed.
        owner: to whom they belong: `the catalogue`, `the run`.

    Examples:
        >>> plan_rule("maxi", "maxi", ["mini", "max"], "the catalogue")
        "must hold plans of the catalogue ('mini', 'max'), 'maxi' is not one of them (did you mean 'max'?)"
    """
    near = did_you_mean(name, plans)
    return f"must hold plans of {owner} ({shown(plans, most=20)}), {plan!r} is not one of them{near}"
