"""Every reason code, and its sentence in each language. Codes and their sentences are defined only here.

Sentences describe past usage and promise nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Language = Literal["en", "es"]

_OVER: Mapping[Language, str] = {
    "en": "In {count} of {months} you used more than the {allowance} of {plan}.",
    "es": "En {count} de {months} usó más que los {allowance} de {plan}.",
}
_UNUSED: Mapping[Language, str] = {
    "en": "On average you used {used} of the {allowance} a month of {plan}.",
    "es": "De promedio usó {used} de los {allowance} al mes de {plan}.",
}

SENTENCES: Mapping[str, Mapping[Language, str]] = {
    # Of a plan, against the plan held.
    "lower_bill": {
        "en": "At your {span} usage {plan} would cost {bill} a month on average"
        " instead of {bill_held} on {held}: {difference} less.",
        "es": "Con su uso {span}, {plan} costaría {bill} al mes de promedio"
        " en lugar de {bill_held} con {held}: {difference} menos.",
    },
    "higher_bill": {
        "en": "At your {span} usage {plan} would cost {bill} a month on average"
        " instead of {bill_held} on {held}: {difference} more.",
        "es": "Con su uso {span}, {plan} costaría {bill} al mes de promedio"
        " en lugar de {bill_held} con {held}: {difference} más.",
    },
    "same_bill": {
        "en": "At your {span} usage {plan} and {held} would cost the same: {bill} a month on average.",
        "es": "Con su uso {span}, {plan} y {held} costarían lo mismo: {bill} al mes de promedio.",
    },
    "bill": {
        "en": "At your {span} usage {plan} would cost {bill} a month on average.",
        "es": "Con su uso {span}, {plan} costaría {bill} al mes de promedio.",
    },
    "over_data_held": _OVER,
    "over_voice_held": _OVER,
    "over_sms_held": _OVER,
    "over_data_offered": _OVER,
    "over_voice_offered": _OVER,
    "over_sms_offered": _OVER,
    "unused_data_held": _UNUSED,
    "unused_voice_held": _UNUSED,
    "unused_sms_held": _UNUSED,
    "within_allowances": {
        "en": "In {count} of {months} the allowances of {plan} would have covered all your usage.",
        "es": "En {count} de {months} lo incluido en {plan} habría cubierto todo su uso.",
    },
    "fee": {
        "en": "The fee of {plan} is {fee} a month.",
        "es": "La cuota de {plan} es de {fee} al mes.",
    },
    "fee_against_held": {
        "en": "The fee of {plan} is {fee} a month, that of {held} {fee_held}.",
        "es": "La cuota de {plan} es de {fee} al mes; la de {held}, de {fee_held}.",
    },
    "switching_cost": {
        "en": "Changing to {plan} costs {cost} once.",
        "es": "Cambiar a {plan} cuesta {cost} una sola vez.",
    },
    "commitment": {
        "en": "{plan} binds you for {months}.",
        "es": "{plan} le obliga durante {months}.",
    },
    # Of a decision.
    "saves": {
        "en": "{plan} is expected to cost you less than {held}.",
        "es": "Se espera que {plan} le cueste menos que {held}.",
    },
    "most_probable": {
        "en": "{plan} is the plan that fits usage like yours best.",
        "es": "{plan} es el plan que mejor encaja con un uso como el suyo.",
    },
    "held_unknown": {
        "en": "{plan} comes first for usage like yours; what it saves is unknown, as is your plan.",
        "es": "{plan} es el primero para un uso como el suyo; no se sabe cuánto ahorra, ni su plan actual.",
    },
    "keeps_last_advice": {
        "en": "The last advice still holds: {plan}. Going to {next} instead would not save enough.",
        "es": "El último consejo sigue en pie: {plan}. Pasar a {next} no ahorraría lo suficiente.",
    },
    "nothing_better": {
        "en": "Nothing on offer is better for you than {plan}: stay.",
        "es": "Nada de lo disponible es mejor para usted que {plan}: quédese.",
    },
    "saving_too_small": {
        "en": "Changing from {plan} to {next} would not save enough to advise it: stay.",
        "es": "Cambiar de {plan} a {next} no ahorraría lo suficiente como para aconsejarlo: quédese.",
    },
    "already_held": {
        "en": "You have the plan that fits usage like yours best: {plan}.",
        "es": "Ya tiene el plan que mejor encaja con un uso como el suyo: {plan}.",
    },
    "history_too_short": {
        "en": "Too little of your usage is known for advice: {months}.",
        "es": "Se conoce demasiado poco de su uso para un consejo: {months}.",
    },
    "commitment_unknown": {
        "en": "It is not known until when {held} binds you, and leaving it early costs a fee: no advice.",
        "es": "No se sabe hasta cuándo le obliga {held}, y dejarlo antes tiene un cargo: sin consejo.",
    },
    "empty_menu": {
        "en": "There is no plan that could be offered to you.",
        "es": "No hay ningún plan que se le pueda ofrecer.",
    },
}
"""Reason code -> language -> sentence with placeholders."""

WORDS: Mapping[str, Mapping[Language, str]] = {
    "minute": {"en": "minutes", "es": "minutos"},
    "message": {"en": "messages", "es": "mensajes"},
    "about": {"en": "about ", "es": "unos "},
    "last month": {"en": "last month's", "es": "del último mes"},
    "last months": {"en": "last {n} months'", "es": "de los últimos {n} meses"},
    "month": {"en": "{n} month", "es": "{n} mes"},
    "months": {"en": "{n} months", "es": "{n} meses"},
}
"""Words for placeholders: plurals of units; singular and plural of counted months."""


def fill_sentence(code: str, numbers: Mapping[str, str], language: Language) -> str:
    """Return the sentence of a reason code with its placeholders filled.

    Examples:
        >>> fill_sentence("fee", {"plan": "Mini", "fee": "14.00 USD"}, "en")
        'The fee of Mini is 14.00 USD a month.'
    """
    return SENTENCES[code][language].format(**numbers)


@lru_cache(maxsize=256)
def count_of(n: int, noun: Literal["month", "last month"], language: Language) -> str:
    """Return a counted noun for a sentence.

    Examples:
        >>> count_of(1, "month", "en"), count_of(6, "month", "en"), count_of(6, "last month", "en")
        ('1 month', '6 months', "last 6 months'")
    """
    return WORDS[noun if n == 1 else f"{noun}s"][language].format(n=n)
