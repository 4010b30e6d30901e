"""From a raw table of months to a UsageHistory: every row is checked, every silent month filled."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.catalogue import Catalogue, bill_basis
from planrec.data.attributes import Attributes
from planrec.data.bad_rows import BadRows, check_rows, dropped_notes, dropped_rows
from planrec.data.cells import numbers_and_others
from planrec.data.decision_time import months_of
from planrec.data.observation import Records, observe
from planrec.data.protected import Protected
from planrec.data.raw_table import RawTable, repeats_of, tidy_name
from planrec.data.roles import kept_from_features, role_problems
from planrec.data.row_table import ids_of, whole_numbers
from planrec.errors import DataError
from planrec.schema.columns import MAX_USAGE, Columns, Usage, quantised, take_rows
from planrec.schema.tables import UsageHistory
from planrec.wording import counted, did_you_mean, shown

if TYPE_CHECKING:
    from planrec.data.usage_months import UsageMonths

SUBSCRIBER, MONTHS, PLAN = "data.subscriber_column", "data.month_column", "data.plan_column"
NO_MONTH = np.datetime64("NaT", "M")


def usage_history(
    options: "UsageMonths", raw: RawTable, path: str, catalogue: Catalogue | None
) -> UsageHistory:
    """Check a raw table of months against its options, drop what may be dropped, fill what is silent.

    Raises:
        DataError: lists every problem of every column, and every rule that rows break.
    """
    what = f"{path} ({counted(len(raw), 'row')})"
    roles = _roles_of(options)
    if problems := role_problems(roles, raw):
        check_rows([], options.on_bad_rows, what, problems)
    rows = _Rows(options, raw, roles, catalogue)
    problems = [*_currency_problems(options.currency, catalogue), *rows.problems]
    check_rows(rows.bad, options.on_bad_rows, what, problems)
    return _history(rows, path, catalogue)


def _roles_of(options: "UsageMonths") -> dict[str, str]:
    """Option as typed on the command line -> column of the file that it names."""
    named = {
        SUBSCRIBER: options.subscriber_column,
        MONTHS: options.month_column,
        PLAN: options.plan_column,
        **{f"data.usage_columns.{usage}": name for usage, name in options.usage_columns},
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
        self.raw, self.roles = raw, roles
        self.problems: list[str] = []
        self.bad: list[BadRows] = []
        self.is_bad = np.zeros(len(raw), bool)
        self.is_repeat = repeats_of(raw)
        self.subscriber = self._text(SUBSCRIBER)
        self.month = self._months(options.time_year)
        self.plans, self.plan = self._plans(options.plan_names, catalogue)
        self.usage = {
            usage: self._usage(f"data.usage_columns.{usage}")
            for usage in Usage.ALL
            if f"data.usage_columns.{usage}" in roles
        }
        self._judge_months(catalogue)
        self.attributes = Attributes.of(raw, set(roles.values()), taken=set(Usage.ALL))
        self.protected = Protected.of(raw, options.protected_columns)
        self.problems += self.attributes.problems + self.protected.problems

    def _add(self, rule: str, rows: np.ndarray, value: object = None) -> None:
        """Note that the rows of a mask break a rule."""
        if rows.any():
            positions = self.raw.positions[rows]
            where = [f"{self.raw.position_word} {position}" for position in positions]
            self.bad.append(BadRows(rule, None if value is None else str(value), where, len(where)))
            self.is_bad |= rows

    def _place(self, role: str) -> str:
        return f"column {self.roles[role]!r} ({role})"

    def _is_blank(self, role: str) -> np.ndarray:
        return self.raw.columns[self.roles[role]].is_null().to_numpy()

    def _text(self, role: str) -> np.ndarray:
        """Cells of a column with a role, shape (n,), object; None where blank, which no row may be."""
        text = self.raw.text(self.roles[role])
        blank = self._is_blank(role)
        self._add(f"{self._place(role)} must not be blank", blank)
        text[~blank] = whole_numbers(text[~blank])
        return text

    def _months(self, year: int | None) -> np.ndarray:
        """Shape (n,), datetime64[M]; NaT where blank."""
        text = self._text(MONTHS)
        known = ~self._is_blank(MONTHS)
        month = np.full(len(text), NO_MONTH)
        found, problem = months_of(text[known], year)
        if found is not None:
            month[known] = found
        if problem is not None:
            rows = text == problem.text
            self.problems.append(
                f"{self._place(MONTHS)} {problem.rule}, got {problem.text!r} at {self.raw.where(rows)}"
            )
        return month

    def _plans(
        self, plan_names: dict[str, str], catalogue: Catalogue | None
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """The plans, and the index of each row's among them, shape (n,), int32; -1 where it has none."""
        text = self._text(PLAN)
        in_file = set(text) - {None}
        if strangers := sorted(set(plan_names) - in_file):
            self.problems.append(
                f"data.plan_names: no plan {shown(strangers)} in {self._place(PLAN)};"
                f" it has {shown(sorted(in_file))}"
            )
        names = {plan: plan_names.get(plan, plan) for plan in sorted(in_file)}
        plans = catalogue.plan_ids if catalogue else tuple(sorted(set(names.values())))
        for plan, name in names.items():
            if name not in plans:
                self._add(
                    f"{self._place(PLAN)} must hold plans of the catalogue ({', '.join(plans)}),"
                    f" {plan!r} is none{did_you_mean(name, plans)}",
                    text == plan,
                )
        index_of = {plan: plans.index(name) for plan, name in names.items() if name in plans}
        return plans, np.array([index_of.get(plan, -1) for plan in text], dtype=np.int32)

    def _usage(self, role: str) -> np.ndarray:
        """One usage column, quantised to 0.01, shape (n,), float64."""
        place, name = self._place(role), self.roles[role]
        values, strange = numbers_and_others(self.raw.columns[name], self.raw.decimal_comma)
        for rule, rows in {
            "must not be blank": self._is_blank(role),
            "must hold numbers": strange,
            "must be finite": np.isinf(values),
            "must be >= 0": (values < 0) & np.isfinite(values),
            f"must be at most {MAX_USAGE:,.0f}": (values > MAX_USAGE) & np.isfinite(values),
        }.items():
            if rows.any():
                self._add(f"{place} {rule}", rows, self.raw.text(name)[rows][0])
        return quantised(values)

    def _judge_months(self, catalogue: Catalogue | None) -> None:
        """A month twice, and a month in which the plan held was not valid."""
        self._add("a row must not repeat an earlier row exactly", self.is_repeat)
        placed = np.flatnonzero(~self.is_repeat & self.is_placed)
        subscriber = np.unique(self.subscriber[placed].astype(str), return_inverse=True)[1]
        pairs = np.column_stack([subscriber, self.month[placed].astype(np.int64)])
        _, pair, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
        twice = np.zeros(len(self.raw), bool)
        twice[placed] = count[pair] > 1
        self._add("a subscriber must have one row per month: which of several is true is unknown", twice)
        for index, plan in enumerate(catalogue.plans if catalogue else ()):
            # A month counts as valid when any day of it is.
            starts = np.datetime64(plan.valid_for.start, "M")
            ended = plan.valid_for.end is not None and (
                self.month.astype("datetime64[D]") >= np.datetime64(plan.valid_for.end)
            )
            outside = (self.plan == index) & ((self.month < starts) | ended)
            self._add(
                f"{self._place(MONTHS)} must be in the validity of the plan held, {plan.id!r} is valid from"
                f" {plan.valid_for.start} to {plan.valid_for.end or 'further notice'}",
                outside,
                self.month[outside][0] if outside.any() else None,
            )

    @property
    def has_subscriber(self) -> np.ndarray:
        """Which rows say whose they are, shape (n,), bool."""
        return ~self._is_blank(SUBSCRIBER)

    @property
    def is_placed(self) -> np.ndarray:
        """Which rows say whose and which month they are, shape (n,), bool."""
        return self.has_subscriber & ~np.isnat(self.month)


@dataclass(frozen=True)
class _Placed:
    """The records of the file, and where each stands in it."""

    records: Records
    ids: np.ndarray
    "Shape (k,): the subscribers."
    row: np.ndarray
    "Shape (n,): row of the raw table of each record."


def _placed(rows: _Rows) -> _Placed:
    """One record per subscriber and month, bad ones included: they make a month unknown, not silent."""
    row = np.flatnonzero(rows.is_placed & ~rows.is_repeat)
    ids, subscriber = np.unique(ids_of(rows.subscriber[row]), return_inverse=True)
    row = row[np.lexsort((rows.month[row], subscriber))]
    subscriber = np.sort(subscriber)
    first_of_month = np.ones(len(row), bool)
    first_of_month[1:] = (np.diff(subscriber) != 0) | (np.diff(rows.month[row]).astype(np.int64) != 0)
    row, subscriber = row[first_of_month], subscriber[first_of_month]
    # A row without a month leaves one of the subscriber's months unknown, nobody knows which: all of them.
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
            *rows.attributes.notes,
            *group_notes,
            *dropped_notes(rows.bad),
            *observation.notes,
            *_basis_notes(usage, catalogue),
        ),
        dropped=dropped_rows(rows.bad),
        segments=segments,
    )


def _basis_notes(usage: Columns, catalogue: Catalogue | None) -> tuple[str, ...]:
    if catalogue is None or bill_basis(usage, catalogue) == "exact":
        return ()
    return (
        "bills are approximate: the plans round each call and data.usage_columns.voice_minutes_billed"
        " is null",
    )
