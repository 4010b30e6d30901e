"""Clauses of real price lists that a catalogue cannot express yet, and the nearest that it can."""

from typing import NamedTuple

PAGE = "docs/how-to/describe-your-plans.md"


class Clause(NamedTuple):
    """A clause that is not supported yet."""

    clause: str
    nearest: str
    "The nearest description that is supported."
    keys: str
    "Keys that people write for it, separated by blanks."


CLAUSES = (
    Clause(
        "tax",
        "write all prices with tax, or all without",
        "tax taxes vat tax_rate tax_included prices_include_tax gross net",
    ),
    Clause(
        "prices that change over time",
        "write the price of the coming months; when it changes, give a new version of the catalogue",
        "promo promos promotion promotions introductory intro_price changes price_changes phases rises"
        " indexation trial",
    ),
    Clause(
        "discounts",
        "a plan of its own with the lower fee, and `eligibility` for those who get it",
        "discount discounts coupon coupons rebate loyalty bonus",
    ),
    Clause(
        "prices by zone, destination or time of day",
        "describe domestic prices, and give only domestic, chargeable usage",
        "zones zone destinations destination international premium on_net onnet off_net time_bands bands peak"
        " off_peak night weekend zero_rated",
    ),
    Clause(
        "roaming",
        "describe domestic prices, and leave usage abroad out of the months",
        "roaming roam eu_roaming abroad",
    ),
    Clause(
        "allowances and fees that several lines share",
        "one plan per line, with the line's share of fee and allowances",
        "sharing shared pool pooled family group lines multi_line members account",
    ),
    Clause(
        "devices and their instalments",
        "the plan without the device: instalments are due on any plan",
        "device devices handset instalment instalments installments hardware subsidy",
    ),
    Clause(
        "top-ups and prepaid credit",
        'a fee of "0.00" with all usage charged from the first unit',
        "top_ups top_up topups topup credit prepaid wallet balance",
    ),
    Clause(
        "optional packs",
        "a plan of its own whose fee and allowances contain the pack",
        "add_ons add_on addons addon packs pack options boosters passes extras",
    ),
    Clause(
        "prices in tiers",
        "one `overage` with the price of the tier that most usage reaches",
        "tiers tier tiered graduated volume slabs blocks",
    ),
    Clause(
        "a fee for each call",
        "a price per minute that contains it for calls of usual length",
        "connection connection_fee call_setup setup_fee per_call",
    ),
    Clause(
        "a minimum charge",
        "a fee of that amount, with the usage that it buys as allowances",
        "minimum minimum_charge minimum_spend min_charge min_spend minimum_fee",
    ),
    Clause(
        "a first and a further increment",
        "`rounding` of each call, with the first increment as its `step`",
        "increments increment first then initial_increment billing_increment",
    ),
    Clause(
        "fair use and reduced speed",
        "`included` with the volume at full speed, and the price of the pack that people buy then",
        "fair_use fair_usage fup throttle throttling speed reduced_speed slow_after",
    ),
    Clause(
        "billing days and proration",
        "calendar months: the fee is counted for whole months",
        "billing_cycle_day billing_day cycle_day billing_cycle proration prorate prorated anchor",
    ),
    Clause(
        "rollover",
        "the allowance without what is carried over",
        "rollover roll_over carry_over carryover data_rollover",
    ),
    Clause(
        "daily or weekly allowances",
        "the allowance of a calendar month",
        "daily per_day daily_allowance daily_cap weekly per_week",
    ),
    Clause(
        "a cap for one service",
        "`overage_policy.cap_per_period`, which caps the overage of all services together",
        "cap caps max_overage",
    ),
    Clause(
        "one allowance for several services",
        "an allowance for each service",
        "buckets bucket shared_units",
    ),
    Clause(
        "an exit fee that depends on the remaining term",
        "`contract.early_termination_fee` with the fee in the middle of the term",
        "early_termination remaining_fees declining exit_fee_per_month notice_period cancellation",
    ),
    Clause("services other than voice, sms and data", "leave them out", "mms tv streaming fixed landline"),
)
"The order is that of the table in `PAGE`."

_BY_KEY = {key: clause for clause in CLAUSES for key in clause.keys.split()}


def not_supported(clause: str, nearest: str) -> str:
    """Return the message about a clause that a catalogue cannot express.

    Examples:
        >>> not_supported("rollover", "the allowance alone")
        'rollover: not supported yet; nearest: the allowance alone; see docs/how-to/describe-your-plans.md'
    """
    return f"{clause}: not supported yet; nearest: {nearest}; see {PAGE}"


def message_for(key: object) -> str | None:
    """Return the message about a key that names a known clause; None for other keys.

    Examples:
        >>> message_for("VAT")[:58]
        'tax: not supported yet; nearest: write all prices with tax'
        >>> message_for("colour")
    """
    found = _BY_KEY.get(str(key).lower().replace("-", "_").replace(" ", "_"))
    return None if found is None else not_supported(found.clause, found.nearest)
