"""Files that advice may be written to."""

from pathlib import Path

from planrec.errors import ConfigError

ENDINGS = (".csv", ".parquet")


def check_advice_target(output: Path, months: Path) -> None:
    """Check that advice for a file of months can be written to a file.

    Args:
        output: the file of the advice.
        months: the file of the months.

    Raises:
        ConfigError: the ending is unknown, or both are one file; lists both.

    Examples:
        >>> check_advice_target(Path("advice.csv"), Path("months.csv"))
    """
    problems = []
    if not output.name.endswith(ENDINGS):
        problems.append(f"OUTPUT must end in .csv or .parquet, got {output.name!r}")
    if output.resolve() == months.resolve():
        problems.append(f"OUTPUT must be another file than INPUT, got {str(months)!r} for both")
    if problems:
        raise ConfigError("cannot write the advice", problems)
