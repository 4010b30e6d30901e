"""Clauses of real price lists that a catalogue cannot express yet, and the nearest that it can."""

import re
from typing import NamedTuple

PAGE = "docs/how-to/describe-your-plans.md"


class Clause(NamedTuple):
    """A clause that is not supported yet."""

    clause: str
    nearest: str
    "The nearest description that is supported."
    keys: str
    "Keys that people write for it, separated by blanks; longer keys with these words mean it too."
    only_keys: str = ""
    "Keys that mean it only alone: inside longer keys these words say something else."


CLAUSES = (
    Clause(
        "tax",
        "write all prices with tax, or all without",
        "tax taxes vat iva gst mwst igic",
        "gross net",
    ),
    Clause(
        "prices that change over time",
        "write the price of the coming months; when it changes, give a new version of the catalogue",
        "promo promos promotion promotions promotional introductory intro price_changes price_rise"
        " price_rises indexation",
        "changes phases rises trial",
    ),
    Clause(
        "discounts",
        "a plan of its own with the lower fee, and `eligibility` for those who get it",
        "discount discounts discounted coupon coupons rebate rebates loyalty",
        "bonus",
    ),
    Clause(
        "prices by zone, destination or time of day",
        "describe domestic prices, and give only domestic, chargeable usage",
        "zones zone destinations destination international on_net onnet off_net time_bands time_band off_peak"
        " zero_rated",
        "premium bands peak night weekend",
    ),
    Clause(
        "roaming",
        "describe domestic prices, and leave usage abroad out of the months",
        "roaming roam abroad",
    ),
    Clause(
        "allowances and fees that several lines share",
        "one plan per line, with the line's share of fee and allowances",
        "sharing shared pool pooled family multi_line",
        "group lines members account",
    ),
    Clause(
        "devices and their instalments",
        "the plan without the device: instalments are due on any plan",
        "device devices handset handsets instalment instalments installment installments subsidy subsidies",
        "hardware",
    ),
    Clause(
        "top-ups and prepaid credit",
        'a fee of "0.00" with all usage charged from the first unit',
        "top_ups top_up topups topup prepaid wallet",
        "credit balance",
    ),
    Clause(
        "optional packs",
        "a plan of its own whose fee and allowances contain the pack",
        "add_ons add_on addons addon packs pack boosters booster",
        "options passes extras",
    ),
    Clause(
        "prices in tiers",
        "one `overage` with the price of the tier that most usage reaches",
        "tiers tier tiered graduated slabs",
        "volume blocks",
    ),
    Clause(
        "a fee for each call",
        "a price per minute that contains it for calls of usual length",
        "connection call_setup setup_fee per_call",
    ),
    Clause(
        "a minimum charge",
        "a fee of that amount, with the usage that it buys as allowances",
        "minimum_charge minimum_spend min_charge min_spend minimum_fee minimum_bill",
        "minimum",
    ),
    Clause(
        "a first and a further increment",
        "`rounding` of each call, with the first increment as its `step`",
        "increments increment",
        "first then",
    ),
    Clause(
        "fair use and reduced speed",
        "`included` with the volume at full speed, and the price of the pack that people buy then",
        "fair_use fair_usage fup throttle throttled throttling reduced_speed slow_after",
        "speed",
    ),
    Clause(
        "billing days and proration",
        "calendar months: the fee is counted for whole months",
        "billing_day cycle_day billing_cycle proration prorate prorated",
        "anchor",
    ),
    Clause(
        "rollover",
        "the allowance without what is carried over",
        "rollover roll_over carry_over carryover",
    ),
    Clause(
        "daily or weekly allowances",
        "the allowance of a calendar month",
        "daily per_day weekly per_week",
    ),
    Clause(
        "a cap for one service",
        "`overage_policy.cap_per_period`, which caps the overage of all services together",
        "max_overage",
        "cap caps",
    ),
    Clause(
        "one allowance for several services",
        "an allowance for each service",
        "buckets bucket shared_units",
    ),
    Clause(
        "a minimum term",
        "`contract.commitment_months`, with its exit fee in `contract.early_termination_fee`",
        "minimum_term min_term minimum_contract contract_term contract_length minimum_months lock_in",
    ),
    Clause(
        "an exit fee that depends on the remaining term",
        "`contract.early_termination_fee` with the fee in the middle of the term",
        "remaining_fees exit_fee_per_month notice_period cancellation",
        "early_termination declining",
    ),
    Clause("services other than voice, sms and data", "leave them out", "mms tv streaming landline", "fixed"),
)
"The order is that of the table in `PAGE`."
_OTHER_KEYS = frozenset({"time_zone", "tier_name", "network_tier", "device_type", "plan_family"})
"Keys with a word of a clause that describe something else."

_BY_KEY = {key: clause for clause in CLAUSES for key in (*clause.keys.split(), *clause.only_keys.split())}
_BY_WORDS = {tuple(key.split("_")): clause for clause in CLAUSES for key in clause.keys.split()}
_MOST_WORDS = max(map(len, _BY_WORDS))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
"`promoPrice` has two words, as `promo_price` has."


def not_supported(clause: str, nearest: str) -> str:
    """Return the message about a clause that a catalogue cannot express.

    Examples:
        >>> not_supported("rollover", "the allowance alone")
        'rollover: not supported yet; nearest: the allowance alone; see docs/how-to/describe-your-plans.md'
    """
    return f"{clause}: not supported yet; nearest: {nearest}; see {PAGE}"


def message_for(key: object) -> str | None:
    """Return the message about a key that names a known clause, alone or among other words; else None.

    Examples:
        >>> message_for("VAT")[:58]
        'tax: not supported yet; nearest: write all prices with tax'
        >>> message_for("roamingZone2")[:26]
        'roaming: not supported yet'
        >>> message_for("colour")
    """
    words = [word.lower() for word in _WORD.findall(str(key))]
    found = None if "_".join(words) in _OTHER_KEYS else _clause_of(words)
    return None if found is None else not_supported(found.clause, found.nearest)


def _clause_of(words: list[str]) -> Clause | None:
    """Return the clause of a key; of several the one with the most words, then the first."""
    if alone := _BY_KEY.get("_".join(words)):
        return alone
    for length in range(min(_MOST_WORDS, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            if found := _BY_WORDS.get(tuple(words[start : start + length])):
                return found
    return None
