"""Times in files that people may edit, such as the pin and the deny list."""

from datetime import UTC, datetime

from planrec.errors import RunError


def recorded_time(text: str, name: str) -> datetime:
    """Return a time as UTC; without a zone it is UTC.

    Args:
        text: ISO 8601.
        name: name of the value, for messages.

    Raises:
        RunError: it is not a time.

    Examples:
        >>> recorded_time("2030-01-31T10:00:00", "pinned_at").isoformat()
        '2030-01-31T10:00:00+00:00'
        >>> recorded_time("2030-01-31T10:00:00+02:00", "pinned_at").isoformat()
        '2030-01-31T08:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RunError(f"{name} must be a time, got {text!r}: pin it again") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
