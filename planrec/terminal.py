"""The terminal: the one place that decides how wide tables are, and whether they have colours."""

from typing import Any

from rich.console import Console
from rich.text import Text

from planrec.wording import visible

WIDTH = 132
"Characters of a line if the output is not a terminal."


class _Console(Console):
    """A console that shows control characters in texts as escapes; its own colours stay."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text of a cell or a line."""
        return super().render_str(visible(text), **options)


def console_of_tables(**settings: Any) -> Console:
    """Return a console on stdout that is as wide as the terminal, or WIDTH characters without one.

    Colours are off if the output is not a terminal, or if the variable NO_COLOR is set.
    """
    console = _Console(**settings)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def console_of_progress() -> Console:
    """Return a console on stderr, which leaves stdout to the results."""
    return Console(stderr=True)
