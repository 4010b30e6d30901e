"""The operator's own text of a message, with placeholders for the advice."""

from collections.abc import Mapping
from string import Formatter

from planrec.sentences.text_message import (
    MOST_UNITS,
    fits_messages,
    gsm_units,
    in_message_alphabet,
    utf16_units,
)
from planrec.wording import did_you_mean

PLACEHOLDERS = ("plan", "plan_held", "saving", "saving_year", "bill", "bill_held")
"Names of the plan advised and the plan held, and money a month (saving_year: a year) with its currency."


def checked_template(template: str) -> str:
    """Return a template whose placeholders are all known and whose own text has room in a message.

    Raises:
        ValueError: a brace is left open, a placeholder is unknown, or the text is too long.

    Examples:
        >>> checked_template("{plan} would save you {saving} a month.")
        '{plan} would save you {saving} a month.'
        >>> checked_template("Hello")
        'Hello'
    """
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template)]
    except ValueError as error:
        raise ValueError(f"{error}: write {{{{ and }}}} for braces of your own") from None
    for name, spec, conversion in fields:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            allowed = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(
                f"no placeholder {{{_as_written(name, spec, conversion)}}}{did_you_mean(name, PLACEHOLDERS)};"
                f" allowed: {allowed}"
            )
    if not template.strip():
        raise ValueError("the text of a message must not be blank")
    own = in_message_alphabet(template.format_map(dict.fromkeys(PLACEHOLDERS, "")))
    if not fits_messages(own):
        raise ValueError(
            f"must have at most {MOST_UNITS} characters without its placeholders, has {units(own)}"
        )
    return template


def rendered(template: str, values: Mapping[str, str]) -> str:
    """Write a message in the alphabet of text messages.

    >>> rendered("{plan}: {saving} más al mes", {"plan": "Plus", "saving": "5,00 €"})
    'Plus: 5,00 € mas al mes'
    """
    return in_message_alphabet(template.format_map(values))


def units(text: str) -> int:
    """Count the units of a message in its alphabet.

    >>> units("5 €"), units("тариф")
    (4, 5)
    """
    gsm = gsm_units(text)
    return utf16_units(text) if gsm is None else gsm


def _as_written(name: str, spec: str | None, conversion: str | None) -> str:
    return name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
