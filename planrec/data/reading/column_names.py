"""Names of the columns of a file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from planrec.errors import DataError
from planrec.wording import shown

UNNAMED = ("", "__index_level_0__")
"Header cells of an index column that pandas saved without a name; pandas reads them back as `Unnamed: 0`."


@dataclass(frozen=True)
class ColumnNames:
    """The columns of a file, in their order."""

    tidy: tuple[str, ...]
    "Names without needless blanks, all different."
    in_file: tuple[str, ...]
    "The same columns as the file spells them."
    unnamed: frozenset[str]
    "Tidy names of the columns whose header cell is blank: `unnamed 1`."

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence about the names that were changed, if any were."""
        changed = [
            name
            for name, spelled in zip(self.tidy, self.in_file, strict=True)
            if name != spelled and name not in self.unnamed
        ]
        return (
            (f"blanks in {len(changed)} column name(s) are read as one blank: {shown(changed)}",)
            if changed
            else ()
        )


def tidy_name(name: str) -> str:
    """Write a column name with each run of blanks as one blank.

    Examples:
        >>> tidy_name("Call  Failure ")
        'Call Failure'
    """
    return " ".join(name.split())


def column_names(header: Sequence[str], path: str) -> ColumnNames:
    """Name the columns of a file.

    Raises:
        DataError: if two columns share a name.

    Examples:
        >>> column_names(["", "Call  Failure", "plan"], "calls.csv").tidy
        ('unnamed 1', 'Call Failure', 'plan')
    """
    names = [tidy_name(cell) for cell in header]
    blank = [name in UNNAMED or name.startswith("Unnamed: ") for name in names]
    named = [
        f"unnamed {at}" if gone else name for at, (name, gone) in enumerate(zip(names, blank, strict=True), 1)
    ]
    repeated = [name for name, count in Counter(named).items() if count > 1]
    if repeated:
        places = {name: [at for at, other in enumerate(named, 1) if other == name] for name in repeated}
        raise DataError(
            f"{path}: column names must differ",
            [f"{name!r} is the name of columns {', '.join(map(str, at))}" for name, at in places.items()],
        )
    unnamed = frozenset(name for name, gone in zip(named, blank, strict=True) if gone)
    return ColumnNames(tuple(named), tuple(header), unnamed)
