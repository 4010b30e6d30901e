"""The rule that decided an answer, for auditors."""

import inspect

from msgspec import Struct

from planrec.contracts import Policy


class PolicyRule(Struct, frozen=True):
    """A policy in words, with its values."""

    policy: str
    values: dict[str, str]
    text: str


def rule_of(policy: Policy) -> PolicyRule:
    """Return the rule of a policy: its documentation without the examples."""
    values = {name: str(value) for name, value in policy.model_dump().items() if name != "kind"}
    text = (inspect.getdoc(policy) or "").partition("\nExamples:")[0].rstrip()
    return PolicyRule(policy.kind, values, text)
