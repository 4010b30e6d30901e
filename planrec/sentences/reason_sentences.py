"""Every code of a plan's reasons, and its sentence in each language: facts about past months and prices.

`decision_sentences` has those of decisions.
"""

from collections.abc import Mapping

from planrec.sentences.locale_formats import Language

ABOUT: Mapping[Language, str] = {"en": "about ", "es": "unos "}
"Put before bills that cannot be rated to the cent."

_OVER: Mapping[Language, str] = {
    "en": "In {count} of {months} you used more than the {allowance} of {plan}.",
    "es": "En {count} de {months} consumió más {allowance} en {plan}.",
}
_UNUSED: Mapping[Language, str] = {
    "en": "On average you used {used} of the {allowance} a month of {plan}.",
    "es": "De promedio consumió {used} {allowance} al mes en {plan}.",
}

SENTENCES: Mapping[str, Mapping[Language, str]] = {
    # Against the plan held.
    "lower_bill": {
        "en": "At your {span} usage {plan} would have cost {bill} a month on average"
        " instead of {bill_held} on {held}: {difference} less.",
        "es": "Con su consumo {span}, {plan} habría costado {bill} al mes de promedio"
        " en lugar de {bill_held} con {held}: {difference} menos.",
    },
    "higher_bill": {
        "en": "At your {span} usage {plan} would have cost {bill} a month on average"
        " instead of {bill_held} on {held}: {difference} more.",
        "es": "Con su consumo {span}, {plan} habría costado {bill} al mes de promedio"
        " en lugar de {bill_held} con {held}: {difference} más.",
    },
    "same_bill": {
        "en": "At your {span} usage {plan} and {held} would have cost the same: {bill} a month on average.",
        "es": "Con su consumo {span}, {plan} y {held} habrían costado lo mismo: {bill} al mes de promedio.",
    },
    "bill": {
        "en": "At your {span} usage {plan} would have cost {bill} a month on average.",
        "es": "Con su consumo {span}, {plan} habría costado {bill} al mes de promedio.",
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
        "es": "En {count} de {months} lo que incluye {plan} habría cubierto todo su consumo.",
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
        "es": "{plan} tiene una permanencia de {months}.",
    },
}
"""Reason code -> language -> sentence with placeholders."""

OVER_NOTHING: Mapping[Language, str] = {
    "en": "In {count} of {months} you used {service}, which {plan} does not include.",
    "es": "En {count} de {months} consumió {service}, que {plan} no incluye.",
}
"The sentence of the codes `over_...` if the plan includes none of the service."

SERVICES: Mapping[str, Mapping[Language, str]] = {
    "data": {"en": "data", "es": "datos"},
    "voice": {"en": "minutes of calls", "es": "minutos de llamadas"},
    "sms": {"en": "messages", "es": "mensajes"},
}

ALLOWANCES: Mapping[Language, tuple[str, str]] = {
    "en": ("{n} {unit}", "{n} {unit}"),
    "es": ("del {unit} incluido", "de los {n} {unit} incluidos"),
}
"An allowance as other sentences name it: of one unit, and of another number of units."


def fill_sentence(code: str, numbers: Mapping[str, str], language: Language) -> str:
    """Return the sentence of a reason code with its placeholders filled.

    Examples:
        >>> fill_sentence("fee", {"plan": "Mini", "fee": "14.00 USD"}, "en")
        'The fee of Mini is 14.00 USD a month.'
    """
    return SENTENCES[code][language].format(**numbers)
