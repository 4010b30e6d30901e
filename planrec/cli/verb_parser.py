"""The parser of `planrec` and of each verb: its help, and its words for a mistyped command line."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import Any, NoReturn

WRONG_COMMAND_LINE = 2
"Exit code."


class VerbParser(ArgumentParser):
    """The parser of `planrec`, and of each verb."""

    example: str | None = None
    "A command line that works when typed."
    more_help: Callable[[], str] | None = None
    "Makes text that follows the options in the help, if it takes time to make."

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            allow_abbrev=False,  # unknown words may be meant for Hydra
            formatter_class=RawDescriptionHelpFormatter,
            **settings,
        )

    def format_help(self) -> str:
        """Return the help text."""
        return super().format_help() + (f"\n{self.more_help()}\n" if self.more_help else "")

    def error(self, message: str) -> NoReturn:
        """Print a mistake, how the verb is used, and an example; exit with 2."""
        from planrec.wording import typing_mistake, visible

        lines = [f"error: {visible(typing_mistake(message))}", self.format_usage().rstrip()]
        if self.example:
            lines.append(f"example: {self.example}")
        self.exit(WRONG_COMMAND_LINE, "".join(f"{line}\n" for line in lines))
