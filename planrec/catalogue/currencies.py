"""Currencies of ISO 4217 and their decimals.

The codes and minor units are those of list one of ISO 4217, which SIX publishes as the maintenance agency
(https://www.six-group.com), as of 2025. Codes that no customer pays with are in `NOT_MONEY`. The lev, which
the euro replaced in 2026, is kept for catalogues of earlier years.
"""

from planrec.wording import did_you_mean

_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED
VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS = {
    code: exponent
    for exponent, codes in ((2, _TWO_DECIMALS), (0, _NO_DECIMALS), (3, _THREE_DECIMALS))
    for code in codes.split()
}
"Code -> decimals."

_FUNDS = "BOV CHE CHW CLF COU MXV USN UYI UYW XAD XDR XSU XUA"
NOT_MONEY = (
    dict.fromkeys(_FUNDS.split(), "a fund or a unit of account")
    | dict.fromkeys(("XAG", "XAU", "XPD", "XPT"), "a precious metal")
    | dict.fromkeys(("XBA", "XBB", "XBC", "XBD"), "a unit of the bond market")
    | {"XTS": "the code for tests", "XXX": "the code for no currency"}
)
"Code of ISO 4217 that no customer pays with -> its meaning."


def currency_from(code: object) -> str:
    """Check the code of a currency.

    Raises:
        ValueError: it is not a current code of ISO 4217, or not one of a currency that customers pay with.

    Examples:
        >>> currency_from("EUR")
        'EUR'
    """
    rule = "must be the ISO 4217 code of a currency that customers pay with, such as EUR or USD"
    if isinstance(code, str) and code in EXPONENTS:
        return code
    if isinstance(code, str) and code in NOT_MONEY:
        raise ValueError(f"{rule}; {code} is {NOT_MONEY[code]}")
    text = str(code)
    hint = did_you_mean(text, EXPONENTS) if len(text) == 3 else ""
    raise ValueError(f"{rule}, got {code!r}{hint}")


def exponent_of(currency: str) -> int:
    """Return the decimals of a currency.

    Examples:
        >>> exponent_of("USD"), exponent_of("JPY"), exponent_of("KWD")
        (2, 0, 3)
    """
    return EXPONENTS[currency]
