"""The words of a verdict, in English and Spanish."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from planrec.sentences.locale_formats import Language, money_text, number_text
from planrec.wording import figure

Texts = Mapping[Language, str]

MONEY_METRIC = "regret"

PARTS: Mapping[str, Texts] = {
    "saves": {"en": "saves {share} of what could be saved", "es": "ahorra el {share} de lo posible"},
    "maybe_saves": {
        "en": "saves {share} of what could be saved (which may be chance)",
        "es": "ahorra el {share} de lo posible (lo que puede ser azar)",
    },
    "saves_nothing": {"en": "saves nothing", "es": "no ahorra nada"},
    "costs": {
        "en": "makes subscribers pay more than if all stayed ({share} of what could be saved is lost)",
        "es": "hace pagar más que si todos se quedaran (se pierde el {share} de lo que se podría ahorrar)",
    },
    "maybe_costs": {
        "en": "makes subscribers pay more than if all stayed ({share} of what could be saved is lost, which"
        " may be chance)",
        "es": "hace pagar más que si todos se quedaran (se pierde el {share} de lo que se podría ahorrar, lo"
        " que puede ser azar)",
    },
    "harms": {"en": "harms {share}", "es": "perjudica al {share}"},
    "names": {
        "en": "names the right plan for {share}",
        "es": "acierta el plan del {share}",
    },
    "names_held": {
        "en": "names the plan held for {share}",
        "es": "acierta el plan contratado del {share}",
    },
    "macro_f1": {"en": "has a macro F1 of {value}", "es": "tiene un F1 macro de {value}"},
    "has": {"en": "has {metric} {value}", "es": "tiene {metric} {value}"},
    "better": {
        "en": "beats {baseline} by {gain}, surely",
        "es": "supera a {baseline} en {gain}, con certeza",
    },
    "worse": {
        "en": "loses to {baseline} by {gain}, surely",
        "es": "pierde frente a {baseline} por {gain}, con certeza",
    },
    "equal": {"en": "equals {baseline}", "es": "iguala a {baseline}"},
    "tie": {
        "en": "ties with {baseline}, and the difference may be chance",
        "es": "empata con {baseline}, y la diferencia puede ser azar",
    },
    "maybe_better": {
        "en": "is ahead of {baseline} by {gain}, which may be chance",
        "es": "aventaja a {baseline} en {gain}, lo que puede ser azar",
    },
    "maybe_worse": {
        "en": "is behind {baseline} by {gain}, which may be chance",
        "es": "queda por detrás de {baseline} por {gain}, lo que puede ser azar",
    },
}
"Parts of the sentence; the model is the subject of each."

A_MONTH: Texts = {"en": "{money} a month", "es": "{money} al mes"}
LESS_THAN: Texts = {"en": "less than {amount}", "es": "menos de {amount}"}
IN_METRIC: Texts = {"en": "{size} in {metric}", "es": "{size} de {metric}"}
METRIC_NAMES: Mapping[str, Texts] = {
    "macro_f1": {"en": "macro F1", "es": "F1 macro"},
    "accuracy": {"en": "accuracy", "es": "exactitud"},
}
AND: Texts = {"en": " and ", "es": " y "}
ONE_CENT = 1
ONE_DECIMAL_BELOW = 0.0995
"Shares below about 10 % have one decimal."


@dataclass(frozen=True)
class VerdictFigures:
    """The figures of one verdict."""

    model: str
    values: Mapping[str, float]
    "Headline metrics of the model."
    first: str
    "The metric to name if none of those with words of their own was measured."
    baseline: str | None
    outcome: Literal["better", "worse", "equal", "undecided"] | None
    compared: str | None
    "Metric of the comparison."
    gain: float
    "By how much the model is better than the baseline."
    currency: str | None
    saving_is_sure: bool = True
    "Whether the interval of the share saved excludes zero."
    names_held: bool = False
    "Whether the model learns the plan held, which need not be the right one."


def verdict_sentence(figures: VerdictFigures, language: Language) -> str:
    """Write the verdict.

    Examples:
        >>> own = {"savings_captured": 0.49, "harm_rate": 0.046}
        >>> figures = VerdictFigures("forecast", own, "regret", "rerate_6", "better", "regret", 0.68, "USD")
        >>> verdict_sentence(figures, "en")[:60]
        'forecast saves 49 % of what could be saved, harms 4.6 % and '
        >>> verdict_sentence(figures, "en")[60:]
        'beats rerate_6 by 0.68 USD a month, surely.'
        >>> verdict_sentence(figures, "es")[:53]
        'forecast ahorra el 49 % de lo posible, perjudica al 4'
    """
    parts = [*_own(figures, language), *_against(figures, language)]
    *rest, last = parts
    return f"{figures.model} {', '.join(rest)}{AND[language] if rest else ''}{last}."


def share_text(share: float, language: Language) -> str:
    """Write a share in percent, with one decimal below 10 %.

    Examples:
        >>> share_text(0.494, "en"), share_text(0.0461, "es"), share_text(0, "en"), share_text(0.0001, "en")
        ('49 %', '4,6 %', '0 %', 'less than 0.1 %')
    """
    if 0 < share < 0.0005:
        return LESS_THAN[language].format(amount=f"{number_text('0.1', language)} %")
    decimals = 1 if 0 < share < ONE_DECIMAL_BELOW else 0
    return f"{number_text(f'{100 * share:.{decimals}f}', language)} %"


def _own(figures: VerdictFigures, language: Language) -> list[str]:
    """Return the parts about the model itself."""
    values, parts = figures.values, []
    if (saved := values.get("savings_captured")) is not None:
        name = _saving_part(saved, is_sure=figures.saving_is_sure)
        parts.append(PARTS[name][language].format(share=share_text(abs(saved), language)))
    if (harm := values.get("harm_rate")) is not None:
        parts.append(PARTS["harms"][language].format(share=share_text(harm, language)))
    if not parts and (accuracy := values.get("accuracy")) is not None:
        name = "names_held" if figures.names_held else "names"
        parts.append(PARTS[name][language].format(share=share_text(accuracy, language)))
    if (f1 := values.get("macro_f1")) is not None and "regret" not in values:
        parts.append(PARTS["macro_f1"][language].format(value=number_text(f"{f1:.2f}", language)))
    if not parts:
        value = number_text(figure(values.get(figures.first, float("nan"))), language)
        parts.append(PARTS["has"][language].format(metric=figures.first, value=value))
    return parts


def _saving_part(saved: float, *, is_sure: bool) -> str:
    """Return the name of the part about the share saved.

    >>> _saving_part(0.2, is_sure=True), _saving_part(-0.2, is_sure=False), _saving_part(0, is_sure=False)
    ('saves', 'maybe_costs', 'saves_nothing')
    """
    if abs(saved) < 0.0005:
        return "saves_nothing"
    name = "saves" if saved > 0 else "costs"
    return name if is_sure else f"maybe_{name}"


def _against(figures: VerdictFigures, language: Language) -> list[str]:
    """Return the part about the best baseline, if there is one."""
    if figures.outcome is None:
        return []
    name: str = figures.outcome
    if name == "undecided":
        name = "tie" if figures.gain == 0 else "maybe_better" if figures.gain > 0 else "maybe_worse"
    gain = _gain_text(figures, language)
    return [PARTS[name][language].format(baseline=figures.baseline, gain=gain)]


def _gain_text(figures: VerdictFigures, language: Language) -> str:
    """Write the size of the gain: money a month, or points of a metric."""
    if figures.compared == MONEY_METRIC:
        return A_MONTH[language].format(money=_money(abs(figures.gain), figures.currency, language))
    metric = figures.compared or ""
    name = METRIC_NAMES[metric][language] if metric in METRIC_NAMES else metric
    size = number_text(figure(abs(figures.gain)), language)
    return IN_METRIC[language].format(size=size, metric=name)


def _money(amount: float, currency: str | None, language: Language) -> str:
    cents = round(100 * amount)
    text = money_text(max(cents, ONE_CENT), 2, currency or "", language).rstrip()
    return text if cents >= ONE_CENT else LESS_THAN[language].format(amount=text)
