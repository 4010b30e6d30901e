"""From a raw table of months to a UsageHistory: every row is judged, every silent month filled."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from planrec.catalogue import Catalogue, bill_basis
from planrec.data.attributes import Attributes
from planrec.data.labels import label_notes
from planrec.data.observation import Records, observe
from planrec.data.protected import Protected
from planrec.data.reading.bad_rows import BadRows, check_rows, dropped_notes, dropped_rows
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.identifiers import ids_of
from planrec.data.reading.part_months import PartMonths, part_months
from planrec.data.reading.raw_table import RawTable, repeats_of
from planrec.data.reading.rules import ONE_ROW_PER_MONTH, plan_rule
from planrec.data.reading.time_cells import months_of
from planrec.data.role_columns import RoleColumns
from planrec.data.roles import kept_from_features, role_problems
from planrec.data.usage_sizes import size_notes
from planrec.errors import DataError
from planrec.schema.columns import Columns, Usage, take_rows
from planrec.schema.tables import UsageHistory
from planrec.wording import counted, shown

if TYPE_CHECKING:
    from planrec.data.usage_months import UsageMonths

SUBSCRIBER, MONTHS, PLAN = "data.subscriber_column", "data.month_column", "data.plan_column"
COMMITMENT = "data.commitment_ends_column"
USAGE = "data.usage_columns."


def usage_history(
    options: "UsageMonths", raw: RawTable, path: str, catalogue: Catalogue | None
) -> UsageHistory:
    """Check a raw table of months against its options, drop bad rows if allowed, and fill silent months.

    Raises:
        DataError: lists every problem of every column, and every rule that rows break.
    """
    source = f"{path} ({counted(len(raw), 'row')})"
    roles = _roles_of(options)
    if problems := role_problems(roles, raw):
        check_rows([], options.on_bad_rows, source, problems)
    rows = _Rows(options, raw, roles, catalogue)
    problems = [*_currency_problems(options.currency, catalogue), *rows.problems]
    check_rows(rows.bad, options.on_bad_rows, source, problems)
    return _history(rows, path, catalogue)


def _roles_of(options: "UsageMonths") -> dict[str, str]:
    """Map each option, as typed on the command line, to the column of the file that it names."""
    named = {
        SUBSCRIBER: options.subscriber_column,
        MONTHS: options.month_column,
        PLAN: options.plan_column,
        COMMITMENT: options.commitment_ends_column,
        **{USAGE + usage: name for usage, name in options.usage_columns},
        **kept_from_features(options),
    }
    return {role: tidy_name(name) for role, name in named.items() if name is not None}


def _currency_problems(currency: str | None, catalogue: Catalogue | None) -> list[str]:
    if currency is None or catalogue is None or currency == catalogue.currency:
        return []
    return [
        f"data.currency must be the catalogue's, got {currency!r};"
        f" {catalogue.catalogue_id!r} has {catalogue.currency!r}"
    ]


class _Rows:
    """The rows of the file, column by column, and which of them break which rule."""

    def __init__(
        self, options: "UsageMonths", raw: RawTable, roles: dict[str, str], catalogue: Catalogue | None
    ) -> None:
        self.raw = raw
        self.columns = RoleColumns(raw, roles, keeps_all=options.on_bad_rows == "drop_and_report")
        self._problems: list[str] = []
        self.is_repeat = repeats_of(raw)
        self.subscriber = self.columns.codes(SUBSCRIBER)
        self.month = self.columns.times(MONTHS, months_of, options.time_year).astype("datetime64[M]")
        self.plans, self.plan = self._plans(options.plan_names, catalogue)
        self.usage = {
            usage: self.columns.amounts(USAGE + usage) for usage in Usage.ALL if USAGE + usage in roles
        }
        self.commitment_ends = self.columns.days(COMMITMENT) if COMMITMENT in roles else None
        self._judge_months(catalogue)
        self.attributes = Attributes.of(
            raw, set(roles.values()), taken=set(Usage.ALL), dropped=options.drop_columns
        )
        self.protected = Protected.of(raw, options.protected_columns)

    @property
    def problems(self) -> list[str]:
        """Problems that dropping rows does not solve, one line each."""
        return [
            *self._problems,
            *self.columns.problems,
            *self.attributes.problems,
            *self.protected.problems,
        ]

    @cached_property
    def bad(self) -> list[BadRows]:
        """The rows that break a rule."""
        return self.columns.broken.bad_rows(self.raw.places)

    @property
    def has_subscriber(self) -> np.ndarray:
        """Rows that name their subscriber, shape (n,), bool."""
        return ~self.columns.is_blank(SUBSCRIBER)

    @property
    def is_placed(self) -> np.ndarray:
        """Rows that name their subscriber and their month, shape (n,), bool."""
        return self.has_subscriber & ~np.isnat(self.month)

    def _plans(
        self, plan_names: dict[str, str], catalogue: Catalogue | None
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """Read the plans, and the index of each row's plan, shape (n,), int32; -1 if it has none."""
        text, place = self.columns.codes(PLAN), self.columns.place(PLAN)
        in_file = set(text) - {None}
        if strangers := sorted(set(plan_names) - in_file):
            self._problems.append(
                f"data.plan_names: no plan {shown(strangers)} in {place}; it has {shown(sorted(in_file))}"
            )
        names = {plan: plan_names.get(plan, plan) for plan in sorted(in_file)}
        plans = catalogue.plan_ids if catalogue else tuple(sorted(set(names.values())))
        for plan, name in names.items():
            if name not in plans:
                self.columns.add(f"{place} {plan_rule(plan, name, plans, 'the catalogue')}", text == plan)
        index_of = {plan: plans.index(name) for plan, name in names.items() if name in plans}
        return plans, np.array([index_of.get(plan, -1) for plan in text], dtype=np.int32)

    def _judge_months(self, catalogue: Catalogue | None) -> None:
        """Refuse a month that is there twice, and a month in which the plan held was not valid."""
        self.columns.add("a row must not repeat an earlier row exactly", self.is_repeat)
        placed = np.flatnonzero(~self.is_repeat & self.is_placed)
        subscriber = np.unique(self.subscriber[placed].astype(str), return_inverse=True)[1]
        key = (subscriber << 20) + (1 << 19) + self.month[placed].astype(np.int64)
        order = np.argsort(key, kind="stable")
        parts, rows = part_months(key[order], self.plan[placed][order]), placed[order]
        twice = np.zeros(len(self.raw), bool)
        twice[rows[parts.is_bad]] = True
        self.columns.add(ONE_ROW_PER_MONTH, twice)
        self._add_up(parts, rows)
        for index, plan in enumerate(catalogue.plans if catalogue else ()):
            # A month counts as valid when any day of it is.
            starts = np.datetime64(plan.valid_for.start, "M")
            ended = plan.valid_for.end is not None and (
                self.month.astype("datetime64[D]") >= np.datetime64(plan.valid_for.end)
            )
            outside = (self.plan == index) & ((self.month < starts) | ended)
            self.columns.add(
                f"{self.columns.place(MONTHS)} must be in the validity of the plan held, {plan.id!r} is valid"
                f" from {plan.valid_for.start} to {plan.valid_for.end or 'further notice'}",
                outside,
                self.month[outside][0] if outside.any() else None,
            )

    def _add_up(self, parts: PartMonths, rows: np.ndarray) -> None:
        """Give the last row of each month the usage of the whole month."""
        last = rows[parts.end]
        self.columns.noted.n_added_months = parts.n_added
        self.is_part = np.zeros(len(self.raw), bool)
        self.is_part[np.setdiff1d(rows, last)] = True
        for values in self.usage.values():
            values[last] = parts.total(values[rows])
        self.is_bad = self.columns.is_bad.copy()
        self.is_bad[last] = np.logical_or.reduceat(self.is_bad[rows], parts.start) if len(rows) else False


@dataclass(frozen=True)
class _Placed:
    """The records of the file, and the row of each."""

    records: Records
    ids: np.ndarray
    "Shape (k,): subscribers."
    row: np.ndarray
    "Shape (n,): row of the raw table of each record."


def _placed(rows: _Rows) -> _Placed:
    """Make one record per subscriber and month, also of bad rows: their month is unknown, not silent."""
    row = np.flatnonzero(rows.is_placed & ~rows.is_repeat & ~rows.is_part)
    ids, subscriber = np.unique(ids_of(rows.subscriber[row]), return_inverse=True)
    row = row[np.lexsort((rows.month[row], subscriber))]
    subscriber = np.sort(subscriber)
    first_of_month = np.ones(len(row), bool)
    first_of_month[1:] = (np.diff(subscriber) != 0) | (np.diff(rows.month[row]).astype(np.int64) != 0)
    row, subscriber = row[first_of_month], subscriber[first_of_month]
    # A row without a month can belong to any month of the subscriber, so all of them are bad.
    lost = np.isnat(rows.month) & rows.has_subscriber
    is_lost = np.isin(ids.astype(str), rows.subscriber[lost].astype(str))
    records = Records(subscriber, rows.month[row], rows.is_bad[row] | is_lost[subscriber])
    return _Placed(records, ids, row)


def _history(rows: _Rows, path: str, catalogue: Catalogue | None) -> UsageHistory:
    placed = _placed(rows)
    records = placed.records
    observation = observe(records, records.first_month, records.last_month)
    if not len(observation.month):
        raise DataError(f"{path}: no month is left", [str(group) for group in rows.bad])
    row = placed.row[observation.latest]
    usage = {name: observation.usage(values[placed.row]) for name, values in rows.usage.items()}
    segments, group_notes = rows.protected.groups(row, observation.subscriber)
    return UsageHistory(
        subscriber=placed.ids[observation.subscriber],
        month=observation.month,
        plan_held=rows.plan[row],
        plans=rows.plans,
        usage=usage,
        attributes=take_rows(rows.attributes.columns, row),
        inputs=tuple(rows.attributes.inputs),
        notes=(
            *rows.raw.notes,
            *rows.columns.notes,
            *rows.attributes.notes,
            *group_notes,
            *dropped_notes(rows.bad),
            *observation.notes,
            *_basis_notes(usage, catalogue),
            *size_notes(usage, catalogue),
            *_plan_notes(rows, row, observation.subscriber, catalogue),
        ),
        dropped=dropped_rows(rows.bad),
        segments=segments,
        commitment_ends=None if rows.commitment_ends is None else rows.commitment_ends[row],
    )


def _plan_notes(
    rows: _Rows, row: np.ndarray, subscriber: np.ndarray, catalogue: Catalogue | None
) -> tuple[str, ...]:
    """Doubt plans that no catalogue confirms."""
    if catalogue is not None:
        return ()
    return label_notes(np.array(rows.plans, object)[rows.plan[row]], subscriber, rows.columns.roles[PLAN])


def _basis_notes(usage: Columns, catalogue: Catalogue | None) -> tuple[str, ...]:
    if catalogue is None or bill_basis(usage, catalogue) == "exact":
        return ()
    return (
        "bills are approximate: the plans round each call and data.usage_columns.voice_minutes_billed"
        " is null",
    )
