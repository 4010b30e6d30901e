"""Choice models: the chances that people pick each plan of a menu, from the attributes of the plans."""

from planrec.choice.classifier import ConditionalLogitClassifier
from planrec.choice.fit import Coefficients
from planrec.choice.plan_columns import PlanColumns
from planrec.choice.specification import Specification
from planrec.choice.summary import ChoiceFacts, facts_of

TRUSTED_TYPES = (
    "planrec.choice.classifier.ConditionalLogitClassifier",
    "planrec.choice.fit.Coefficients",
    "planrec.choice.plan_columns.PlanColumns",
    "planrec.choice.specification.Specification",
)
"Types that a saved conditional logit holds, beyond skops' own list."

__all__ = [
    "TRUSTED_TYPES",
    "ChoiceFacts",
    "Coefficients",
    "ConditionalLogitClassifier",
    "PlanColumns",
    "Specification",
    "facts_of",
]
