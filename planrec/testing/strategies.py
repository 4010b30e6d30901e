"""Hypothesis strategies for every legal table of features."""

from collections.abc import Sequence

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from planrec.schema.columns import HELD, MAX_USAGE, Columns, Usage, lag

FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"Years 1 to 9999."

amounts = st.sampled_from([0.0, -0.0, 1.0, MAX_USAGE]) | st.floats(0.0, MAX_USAGE)
"Usage of one month in any unit."
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = (
    st.sampled_from(["north", "south", "", " ", "<other>", "nan", "é", "e\u0301", "中文", "a=b", "\x00"])
    | st.text()
)
seconds = st.integers(FIRST_SECOND, LAST_SECOND)


@st.composite
def usage_columns(
    draw: st.DrawFn,
    min_rows: int = 1,
    max_rows: int = 12,
    window: int | None = None,
    services: Sequence[str] | None = None,
    missing: bool = True,
) -> Columns:
    """Draw lag columns as from histories and as from mapped tables: NaN anywhere, silence, the limit.

    `window` and `services` are drawn if they are None (at least one service, at most 12 months); with
    `missing=False` every month is known.
    """
    n = draw(st.integers(min_rows, max_rows))
    window = window or draw(st.integers(1, 6) | st.sampled_from([9, 12]))
    chosen = services or draw(st.lists(st.sampled_from(Usage.MEASURED), min_size=1, unique=True))
    names = [lag(service, months_ago) for service in chosen for months_ago in range(1, window + 1)]
    cells = amounts | st.just(np.nan) if missing else amounts
    usage = draw(hnp.arrays(np.float64, (len(names), n), elements=cells))
    if missing:
        usage[:, draw(hnp.arrays(np.bool_, n, elements=st.booleans()))] = np.nan
    return dict(zip(names, usage, strict=True))


@st.composite
def billable_columns(draw: st.DrawFn, /, held_among: int = 0, missing: bool = True, **sizes: int) -> Columns:
    """Draw usage columns that can be rated: all services, with or without billed minutes.

    With `held_among` plans there is the plan held as well, unknown in some rows unless `missing=False`.
    """
    services = draw(st.sampled_from([Usage.MEASURED, Usage.ALL]))
    table = draw(usage_columns(services=services, missing=missing, **sizes))
    if held_among:
        positions = st.sampled_from([*map(float, range(held_among)), *([np.nan] if missing else [])])
        n = len(table[lag(Usage.SMS, 1)])
        table[HELD] = draw(hnp.arrays(np.float64, n, elements=positions))
    return table


@st.composite
def table_columns(
    draw: st.DrawFn,
    min_rows: int = 1,
    max_rows: int = 12,
    max_columns: int = 5,
    missing: bool = True,
) -> Columns:
    """Draw any table that passes the checks: any names, numbers up to float64, dates, text, booleans.

    With `missing=False` there is no NaN, NaT or None.
    """
    n = draw(st.integers(min_rows, max_rows))
    names = draw(st.lists(st.text(min_size=1), min_size=1, max_size=max_columns, unique=True))
    columns = [_numbers(n, missing), _booleans(n, missing), _texts(n, missing), _dates(n, missing)]
    return {name: draw(st.one_of(columns)) for name in names}


def _numbers(n: int, missing: bool) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, n, elements=numbers | st.just(np.nan) if missing else numbers)


def _booleans(n: int, missing: bool) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, np.nan] if missing else [0.0, 1.0]))


def _texts(n: int, missing: bool) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(object, n, elements=texts | st.none() if missing else texts)


def _dates(n: int, missing: bool) -> st.SearchStrategy[np.ndarray]:
    moments = seconds.map(lambda second: np.datetime64(second, "s"))
    nothing = st.just(np.datetime64("NaT", "s"))
    return hnp.arrays("datetime64[s]", n, elements=moments | nothing if missing else moments)
