"""Names of columns that hold ids of rows or of subscribers."""

import re

ID_NAME = re.compile(r"(^|[\W_])(id|uuid|guid|msisdn|imsi|imei|iccid|phone)([\W_]|$)", re.IGNORECASE)
SUBSCRIBER_NAME = re.compile(
    r"(user|subscriber|customer|account|client)s?([\W_]*(no|nr|num|number|code|key|ref|name))?",
    re.IGNORECASE,
)
"The whole name: `customer_value` does not name a customer."
ID_CAMEL_CASE = re.compile(r"[a-z](Id|ID)$")


def has_id_name(name: str) -> bool:
    """Check whether a column has the name of an id.

    Examples:
        >>> [has_id_name(name) for name in ("user_id", "customerID", "MSISDN", "paid")]
        [True, True, True, False]
    """
    return bool(ID_NAME.search(name) or ID_CAMEL_CASE.search(name))


def names_rows(name: str) -> bool:
    """Check whether a column has the name of an id or of a subscriber.

    >>> [names_rows(name) for name in ("client", "customer_id", "customer_value")]
    [True, True, False]
    """
    return has_id_name(name) or SUBSCRIBER_NAME.fullmatch(name) is not None
