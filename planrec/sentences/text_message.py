"""Text messages (SMS): the alphabet of GSM 03.38, and the room of a text in it."""

import unicodedata

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"The letters of one unit each."
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")
"The letters of two units each."
MOST_UNITS = 160
"Room of one message in the alphabet of GSM."
MOST_UNICODE_UNITS = 134
"Room of two messages in UTF-16, which have 67 units each; a single one has 70."

_OTHER = {
    **dict.fromkeys("\u2018\u2019\u201a`´", "'"),
    **dict.fromkeys("\u201c\u201d\u201e«»", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    "฿": "THB",
    "₫": "VND",
}
"Signs without a decomposition -> signs of the alphabet."


def in_message_alphabet(text: str) -> str:
    """Write a text with the letters of text messages, as far as they have a counterpart there.

    The alphabet has é, ñ, ü, ¿ and ¡, but not á, í, ó and ú: those lose their accents. Other scripts stay.

    Examples:
        >>> in_message_alphabet("según último año: 35,00\u202fUS$ (Plan “Más”)")
        'segun ultimo año: 35,00 US$ (Plan "Mas")'
        >>> in_message_alphabet("тариф")
        'тариф'
    """
    return text if GSM.issuperset(text) else "".join(map(_letter, text))


def _letter(letter: str) -> str:
    if letter in GSM or letter in GSM_EXTENDED:
        return letter
    if unicodedata.category(letter) == "Zs":
        return " "
    plain = _OTHER.get(letter) or "".join(
        part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
    )
    return plain if plain and GSM.issuperset(plain) else letter


def fits_messages(text: str) -> bool:
    """Return whether a text has room in one message, or in two if it needs Unicode.

    Examples:
        >>> fits_messages("a" * 160), fits_messages("€" * 81)
        (True, False)
        >>> fits_messages("т" * 134), fits_messages("т" * 135)
        (True, False)
    """
    units = gsm_units(text)
    return utf16_units(text) <= MOST_UNICODE_UNITS if units is None else units <= MOST_UNITS


def gsm_units(text: str) -> int | None:
    """Count the units of a text in the alphabet of GSM; None if it has other letters.

    Examples:
        >>> gsm_units("35,00 €"), gsm_units("más")
        (8, None)
    """
    if GSM.issuperset(text):
        return len(text)
    if not (GSM | GSM_EXTENDED).issuperset(text):
        return None
    return len(text) + sum(letter in GSM_EXTENDED for letter in text)


def utf16_units(text: str) -> int:
    """Count the units of a text in UTF-16.

    Examples:
        >>> utf16_units("más"), utf16_units("😀")
        (3, 2)
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
