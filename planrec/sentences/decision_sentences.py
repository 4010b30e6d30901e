"""Every reason code of a decision, and its sentences in each language: whole, and short for messages.

The first words of a sentence are those of the decision. `{gain}` and the other clauses are in `CLAUSES`.
`{like_you}` names usage if a run reads months, and customers if it reads other values.
"""

from collections.abc import Mapping
from typing import Literal

from planrec.sentences.locale_formats import Language

DecisionCode = Literal["recommend", "stay", "abstain"]
Texts = Mapping[Language, str]

SENTENCES: Mapping[DecisionCode, Mapping[str, Texts]] = {
    "recommend": {
        "saves": {"en": "We recommend {plan}: {gain}.", "es": "Le recomendamos {plan}: {gain}."},
        "keeps_last_advice": {
            "en": "We recommend {plan}, as before: {gain}.",
            "es": "Le recomendamos {plan}, como la última vez: {gain}.",
        },
        "most_probable": {
            "en": "We recommend {plan}: it is the plan that fits {like_you} best (probability {percent}).",
            "es": "Le recomendamos {plan}: es el plan que mejor encaja con {like_you}"
            " (probabilidad del {percent}).",
        },
        "held_unknown": {
            "en": "We recommend {plan}: it comes first for {like_you}. The saving is unknown, as is"
            " your plan.",
            "es": "Le recomendamos {plan}: es el primero para {like_you}. No se sabe cuánto"
            " ahorra, porque no se conoce su plan actual.",
        },
        "": {"en": "We recommend {plan}.", "es": "Le recomendamos {plan}."},
    },
    "stay": {
        "nothing_better": {
            "en": "Stay with {plan}: nothing on offer is better for you.",
            "es": "Quédese con {plan}: nada de lo disponible es mejor para usted.",
        },
        "nothing_better_left": {
            "en": "Stay with {plan}: none of the plans that were not excluded is better for you.",
            "es": "Quédese con {plan}: ninguno de los planes que no se excluyeron es mejor para usted.",
        },
        "saving_too_small": {
            "en": "Stay with {plan}: {possible_gain}, too little to advise a change.",
            "es": "Quédese con {plan}: {possible_gain}, muy poco para aconsejar un cambio.",
        },
        "best_fit_saves_nothing": {
            "en": "Stay with {plan}: another plan fits {like_you} better, but it is not expected to"
            " cost less.",
            "es": "Quédese con {plan}: otro plan encaja mejor con {like_you}, pero no se espera"
            " que cueste menos.",
        },
        "already_held": {
            "en": "Stay with {plan}: it is the plan that fits {like_you} best (probability {percent}).",
            "es": "Quédese con {plan}: es el plan que mejor encaja con {like_you}"
            " (probabilidad del {percent}).",
        },
        "all_excluded": {
            "en": "Stay with {plan}: no other plan may be recommended, because all others were excluded.",
            "es": "Quédese con {plan}: no se puede recomendar ningún otro plan, porque se excluyeron todos"
            " los demás.",
        },
        "no_other_plan": {
            "en": "Stay with {plan}: no other plan is on offer to you.",
            "es": "Quédese con {plan}: no hay otro plan disponible para usted.",
        },
        "": {"en": "Stay with {plan}.", "es": "Quédese con {plan}."},
    },
    "abstain": {
        "history_too_short": {
            "en": "We cannot advise you yet: too little of your usage is known ({months}).",
            "es": "No podemos aconsejarle todavía: se conoce demasiado poco de su consumo ({months}).",
        },
        "commitment_unknown": {
            "en": "We cannot advise you yet: the end of your commitment to {held} is not known, and leaving"
            " it early costs a fee.",
            "es": "No podemos aconsejarle todavía: no se conoce el fin de su permanencia en {held}, y dejarlo"
            " antes tiene un cargo.",
        },
        "all_excluded": {
            "en": "We cannot advise you: no plan may be recommended, because all of them were excluded.",
            "es": "No podemos aconsejarle: no se puede recomendar ningún plan, porque se excluyeron todos.",
        },
        "empty_menu": {
            "en": "We cannot advise you: there is no plan that could be offered to you.",
            "es": "No podemos aconsejarle: no hay ningún plan que se le pueda ofrecer.",
        },
        "": {"en": "We cannot advise you.", "es": "No podemos aconsejarle."},
    },
}
"Decision -> reason code -> language -> sentence. Codes of other policies have the sentence of the code ''."

CLAUSES: Mapping[str, Texts] = {
    "like_usage": {"en": "usage like yours", "es": "un consumo como el suyo"},
    "like_customer": {"en": "customers like you", "es": "clientes como usted"},
    # The saving of the plan advised.
    "gain_ahead": {
        "en": "it is expected to cost you {less} than {held}{ahead}{changing}{range}",
        "es": "se espera que le cueste {less} que {held}{ahead}{changing}{range}",
    },
    "gain_past": {
        "en": "at your {span} usage it would have cost you {less} than {held}{changing}",
        "es": "con su consumo {span} le habría costado {less} que {held}{changing}",
    },
    "less": {"en": "{amount} less a month", "es": "{amount} menos al mes"},
    "slightly_less": {
        "en": "slightly less (under {least} a month)",
        "es": "un poco menos (por debajo de {least} al mes)",
    },
    "no_gain": {
        "en": " It is not expected to cost less than {held}: the advice follows the probability.",
        "es": " No se espera que cueste menos que {held}: el consejo sigue la probabilidad.",
    },
    # The saving of another plan.
    "possible_gain_ahead": {
        "en": "changing to {next} is expected to save only {amount} a month{ahead}{changing}{range}",
        "es": "se espera que cambiar a {next} ahorre solo {amount} al mes{ahead}{changing}{range}",
    },
    "possible_gain_past": {
        "en": "at your {span} usage {next} would have saved only {amount} a month{changing}",
        "es": "con su consumo {span}, {next} habría ahorrado solo {amount} al mes{changing}",
    },
    "changing": {
        "en": ", the cost of changing included",
        "es": ", incluido lo que cuesta el cambio",
    },
    # Ranges: 8 times in 10, from p10 to p90.
    "range": {
        "en": " (8 times in 10: {low} to {high} less)",
        "es": " (8 de cada 10 veces: de {low} a {high} menos)",
    },
    "possible_range": {
        "en": " (8 times in 10: {low} to {high})",
        "es": " (8 de cada 10 veces: de {low} a {high})",
    },
    "uncertain": {
        "en": " This is uncertain: 8 times in 10 between {low} and {high}.",
        "es": " No es seguro: 8 de cada 10 veces, entre {low} y {high}.",
    },
    "never": {
        "en": " This is uncertain: 8 times in 10 there is no saving.",
        "es": " No es seguro: 8 de cada 10 veces no hay ahorro.",
    },
    "loss": {"en": "a loss of {amount}", "es": "una pérdida de {amount}"},
    "no_saving": {"en": "no saving", "es": "ningún ahorro"},
    "saving": {"en": "a saving of {amount}", "es": "un ahorro de {amount}"},
    # The past, if the advice looks ahead.
    "past_gain": {
        "en": " At your {span} usage: {amount} less.",
        "es": " Con su consumo {span}: {amount} menos.",
    },
    "growing": {
        "en": " At your {span} usage it would not have cost less, but your usage is expected to grow.",
        "es": " Con su consumo {span} no habría costado menos, pero se espera que su consumo aumente.",
    },
    "falling": {
        "en": " At your {span} usage it would not have cost less, but your usage is expected to fall.",
        "es": " Con su consumo {span} no habría costado menos, pero se espera que su consumo disminuya.",
    },
    "changes": {
        "en": " At your {span} usage it would not have cost less, but your usage is expected to change.",
        "es": " Con su consumo {span} no habría costado menos, pero se espera que su consumo cambie.",
    },
    "last_advice": {
        "en": " Going to {next} instead would not save enough.",
        "es": " Pasar a {next} no ahorraría lo suficiente.",
    },
    # The bill of the plan advised.
    "bill_ahead": {
        "en": " {plan} is expected to cost {bill} a month{ahead}{range}.",
        "es": " Se espera que {plan} cueste {bill} al mes{ahead}{range}.",
    },
    "bill_past": {
        "en": " At your {span} usage {plan} would have cost {bill} a month on average.",
        "es": " Con su consumo {span}, {plan} habría costado {bill} al mes de promedio.",
    },
}

# Spanish without á, í, ó and ú, which the alphabet of text messages (GSM 03.38) lacks.
SHORT: Mapping[DecisionCode, Mapping[str, Texts]] = {
    "recommend": {
        "gain_ahead": {
            "en": "We recommend {plan}: expected to cost {less} than {held}{range}.",
            "es": "Le recomendamos {plan}: se espera que cueste {less} que {held}{range}.",
        },
        "gain_past": {
            "en": "We recommend {plan}: {less} than {held} at your {span} usage.",
            "es": "Le recomendamos {plan}: {less} que {held} por su consumo {span}.",
        },
        "most_probable": {
            "en": "We recommend {plan}: it fits {like_you} best ({percent}){range}.",
            "es": "Le recomendamos {plan}: es el que mejor encaja con {like_you} ({percent}){range}.",
        },
        "held_unknown": {
            "en": "We recommend {plan}: it comes first for {like_you}.",
            "es": "Le recomendamos {plan}: es el primero para {like_you}.",
        },
        "": {"en": "We recommend {plan}.", "es": "Le recomendamos {plan}."},
    },
    "stay": {
        "nothing_better": SENTENCES["stay"]["nothing_better"],
        "nothing_better_left": {
            "en": "Stay with {plan}: none of the plans that are left is better for you.",
            "es": "Quédese con {plan}: ninguno de los planes que quedan es mejor para usted.",
        },
        "saving_too_small": {
            "en": "Stay with {plan}: {held} would save only {amount} a month{range}.",
            "es": "Quédese con {plan}: el ahorro con {held} es de solo {amount} al mes{range}.",
        },
        "best_fit_saves_nothing": {
            "en": "Stay with {plan}: another plan fits {like_you} better, but would not cost less.",
            "es": "Quédese con {plan}: otro plan encaja mejor con {like_you}, pero no cuesta menos.",
        },
        "already_held": {
            "en": "Stay with {plan}: it fits {like_you} best ({percent}).",
            "es": "Quédese con {plan}: es el que mejor encaja con {like_you} ({percent}).",
        },
        "all_excluded": {
            "en": "Stay with {plan}: all other plans were excluded.",
            "es": "Quédese con {plan}: se excluyeron todos los otros planes.",
        },
        "no_other_plan": SENTENCES["stay"]["no_other_plan"],
        "": SENTENCES["stay"][""],
    },
    "abstain": {
        "history_too_short": {
            "en": "We cannot advise you yet: too little of your usage is known ({months}).",
            "es": "No podemos aconsejarle: se conoce muy poco de su consumo ({months}).",
        },
        "commitment_unknown": {
            "en": "We cannot advise you yet: the end of your commitment is not known.",
            "es": "No podemos aconsejarle: no se conoce el fin de la permanencia de su plan actual.",
        },
        "all_excluded": {
            "en": "We cannot advise you: all plans were excluded.",
            "es": "No podemos aconsejarle: se excluyeron todos los planes.",
        },
        "empty_menu": {
            "en": "We cannot advise you: there is no plan that could be offered to you.",
            "es": "No podemos aconsejarle: no hay planes que se le puedan ofrecer.",
        },
        "": SENTENCES["abstain"][""],
    },
}
"Sentences of at most 160 units of text messages; `{held}` is the other plan."

SHORT_CLAUSES: Mapping[str, Texts] = {
    "like_usage": {"en": "usage like yours", "es": "su consumo"},
    "like_customer": CLAUSES["like_customer"],
    "less": {"en": "{amount} less a month", "es": "{amount} menos al mes"},
    "slightly_less": {"en": "slightly less", "es": "algo menos"},
    "range": {"en": " (8 times in 10: {low} to {high})", "es": " (8 de cada 10 veces: de {low} a {high})"},
    "uncertain": {"en": ", but uncertain", "es": ", pero no es seguro"},
    "uncertain_gain": {"en": ", but a saving is uncertain", "es": ", pero el ahorro no es seguro"},
    "no_gain": {"en": ", but no saving is expected", "es": ", pero no se espera un ahorro"},
    "your_plan": {"en": "your plan", "es": "su plan actual"},
    "another_plan": {"en": "another plan", "es": "otro plan"},
}
