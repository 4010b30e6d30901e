"""The roles that the options give to the columns of a file."""

from collections import Counter
from typing import TYPE_CHECKING

from planrec.contracts import Source
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.raw_table import RawTable
from planrec.data.reading.rules import READABLE
from planrec.wording import did_you_mean, shown

if TYPE_CHECKING:
    from planrec.data.table import Table

DROP, PROTECT = "data.drop_columns", "data.protected_columns"


def roles_of(options: "Table") -> dict[str, str]:
    """Map each option, as typed on the command line, to the column of the file that it names."""
    named = {
        "data.plan_column": options.plan_column,
        "data.subscriber_column": options.subscriber_column,
        "data.time_column": options.time_column,
        **{f"data.usage_columns.{usage}": name for usage, name in options.usage_columns.items()},
        **kept_from_features(options),
    }
    return {role: tidy_name(name) for role, name in named.items() if name is not None}


def kept_from_features(options: Source) -> dict[str, str]:
    """List the roles of the columns that are dropped, protected, or both."""
    dropped = {f"{DROP}[{at}]": name for at, name in enumerate(options.drop_columns)}
    return dropped | {f"{PROTECT}.{name}": name for name in options.protected_columns}


def role_problems(roles: dict[str, str], raw: RawTable) -> list[str]:
    """List the columns that are missing, have two roles, or cannot be read; one line each."""
    missing = [
        f"{role}: no column {name!r}{did_you_mean(name, raw.columns)}"
        for role, name in roles.items()
        if name not in raw.columns
    ]
    if missing:
        missing.append(f"the file has {len(raw.columns):,} column(s): {shown(raw.columns, most=20)}")
    # A protected column may be dropped as well: it is not a feature either way.
    single = [name for role, name in roles.items() if not _is_dropped_and_protected(role, name, roles)]
    shared = [
        f"column {name!r} can have one role only, it has {count}: "
        + ", ".join(role for role, other in roles.items() if other == name)
        for name, count in Counter(single).items()
        if count > 1
    ]
    unreadable = [
        f"column {name!r} ({role}) {READABLE}, it holds {raw.columns[name].type}"
        for role, name in roles.items()
        if name in raw.columns and not raw.is_readable(name) and not role.startswith(DROP)
    ]
    return missing + shared + unreadable


def _is_dropped_and_protected(role: str, name: str, roles: dict[str, str]) -> bool:
    return role.startswith(DROP) and any(
        other == name and protects.startswith(PROTECT) for protects, other in roles.items()
    )
