"""Size, seed and faults of one rehearsal; the faults were chosen before anything was measured."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass

from planrec.errors import ConfigError
from planrec.wording import did_you_mean, shown

HISTORY = 12
"Months of 2018 that the first run learns from; the rehearsal begins in January 2019."
WINDOW = 6
"Months that a decision looks at."
HORIZON = 3
"Months whose bills judge a decision."
FAST_SUBSCRIBERS, FULL_SUBSCRIBERS = 150, 600
MOST_MONTHS = 24
DAYS_OF_A_MONTH, DAYS_OF_A_WEEK = 31, 7
LEAST_ROWS = 50
"Answers that the drift check needs in a day."
FAULT_DAY = 10
"Day of the faults that do not begin with a month."


@dataclass(frozen=True)
class Fault:
    """Something that may go wrong, or change, in a month."""

    month: int
    "Month of the rehearsal if no other is named; 1 is the first."
    planted: str
    "The event, for the timeline."


FAULTS = {
    "wrong_unit": Fault(2, "the file of the month has data in KiB, 1,024 times too much"),
    "price_change": Fault(3, "prices change: base and light cost 4 more, max costs 7 less"),
    "bad_model": Fault(4, "a model trained on outcomes of other subscribers is pinned by hand on day 10"),
    "launch": Fault(5, "the plan wide is launched: 26 GiB for 33.00"),
    "missing_column": Fault(6, "the file of the month has no column data_mib"),
    "usage_jump": Fault(7, "all subscribers use 30 % more data from now on"),
    "corrupt_pin": Fault(8, "the file of the pin is overwritten with noise on day 10"),
    "withdrawal": Fault(9, "the plan plus is no longer sold"),
}
"Name -> fault. All are planted by default."


@dataclass(frozen=True)
class Planted:
    """A fault in its month."""

    name: str
    "A key of `FAULTS`."
    month: int
    "1 is the first month of the rehearsal."


@dataclass(frozen=True)
class RehearsalSetting:
    """One rehearsal; equal settings give equal results."""

    n_months: int
    n_subscribers: int
    per_day: int
    "Subscribers who are asked on each day of advice."
    days: tuple[int, ...]
    "Days of each month on which advice is given, as far as the month has them."
    n_draws: int
    "Draws of the model `forecast`."
    n_bootstrap: int
    "Draws of subscribers behind every interval."
    seed: int
    faults: tuple[Planted, ...]

    def days_of(self, month: int) -> list[int]:
        """Return the days of a calendar month, counted from January 2018, on which advice is given."""
        year, of_year = divmod(month, 12)
        return [day for day in self.days if day <= monthrange(2018 + year, of_year + 1)[1]]

    @property
    def checks_drift(self) -> bool:
        """Whether every day has advice, and enough of it for the evidence of a day."""
        return len(self.days) == DAYS_OF_A_MONTH and self.per_day >= LEAST_ROWS

    def bills_of(self, day: int) -> bool:
        """Return whether the bills after the advice of a day are sent: of one day in seven."""
        return not self.checks_drift or day % DAYS_OF_A_WEEK == 1

    def month_of(self, fault: str) -> int | None:
        """Return the calendar month of a fault, counted from January 2018; None if it is not planted."""
        months = {planted.name: HISTORY + planted.month - 1 for planted in self.faults}
        return months.get(fault)

    def happens(self, fault: str, month: int) -> bool:
        """Return whether a fault is planted in this calendar month."""
        return self.month_of(fault) == month


def chosen_setting(n_months: int, seed: int, faults: Sequence[str] | None, *, fast: bool) -> RehearsalSetting:
    """Return the setting of the command line.

    Args:
        n_months: months of the rehearsal.
        seed: seed of the world.
        faults: faults as text, see `planted_faults`; None for the default ones.
        fast: whether to have few subscribers, days of advice and draws.

    Raises:
        ConfigError: a number is out of range, or a fault is wrong.

    Examples:
        >>> chosen_setting(12, 0, None, fast=True).n_subscribers
        150
    """
    if not 1 <= n_months <= MOST_MONTHS or seed < 0:
        raise ConfigError(
            f"--months must be 1 to {MOST_MONTHS} and --seed at least 0, got {n_months} and {seed}"
        )
    planted = default_faults(n_months) if faults is None else planted_faults(faults, n_months)
    if fast:
        return RehearsalSetting(n_months, FAST_SUBSCRIBERS, 12, (3, 12, 21), 16, 50, seed, planted)
    every_day = tuple(range(1, DAYS_OF_A_MONTH + 1))
    return RehearsalSetting(n_months, FULL_SUBSCRIBERS, 50, every_day, 64, 500, seed, planted)


def default_faults(n_months: int) -> tuple[Planted, ...]:
    """Return all faults in their usual months, as far as the rehearsal lasts.

    Examples:
        >>> [planted.name for planted in default_faults(3)]
        ['wrong_unit', 'price_change']
    """
    return tuple(Planted(name, fault.month) for name, fault in FAULTS.items() if fault.month <= n_months)


def planted_faults(texts: Sequence[str], n_months: int) -> tuple[Planted, ...]:
    """Read faults of the command line, `NAME` or `NAME=MONTH`, in the order of their months.

    Raises:
        ConfigError: a name is unknown or repeated, or a month is outside the rehearsal; lists all problems.

    Examples:
        >>> planted_faults(["launch", "wrong_unit=3"], n_months=12)
        (Planted(name='wrong_unit', month=3), Planted(name='launch', month=5))
    """
    pairs = [text.partition("=")[::2] for text in texts]
    problems = [problem for name, month in pairs for problem in _problems(name, month, n_months)]
    names = [name for name, _ in pairs]
    problems += [
        f"{name} is given {names.count(name)} times" for name in sorted({*names}) if names.count(name) > 1
    ]
    if problems:
        raise ConfigError(f"a fault must be NAME or NAME=MONTH; names: {', '.join(FAULTS)}", problems)
    planted = [Planted(name, int(month) if month else FAULTS[name].month) for name, month in pairs]
    return tuple(sorted(planted, key=lambda one: (one.month, list(FAULTS).index(one.name))))


def _problems(name: str, month: str, n_months: int) -> list[str]:
    if name not in FAULTS:
        return [f"no fault {name!r}{did_you_mean(name, FAULTS)}"]
    number = month or str(FAULTS[name].month)
    if number.isdecimal() and 1 <= int(number) <= n_months:
        return []
    allowed = shown([1, n_months])
    return [
        f"{name}: the month must be within the rehearsal, {allowed.replace(', ', ' to ')}, got {number!r}"
    ]
