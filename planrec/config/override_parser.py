"""Hydra's parser of overrides with keys as text, and the check of overrides that messages show."""

import shlex
from functools import cache
from typing import TYPE_CHECKING

from planrec.files.typed_override import as_typed, in_quotes

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


@cache
def use_text_keys() -> None:
    """Make Hydra read the keys of mappings as the text that was typed: 1E5 and 007 are codes of plans.

    Hydra reads `{1E5: a}` as {100000.0: "a"}, and its grammar has no quotation marks for keys. Its parser
    looks its visitor up by name, so the name is replaced.
    """
    from hydra.core.override_parser import overrides_parser
    from hydra.core.override_parser.overrides_visitor import HydraOverrideVisitor
    from hydra.grammar.gen.OverrideLexer import OverrideLexer
    from hydra.grammar.gen.OverrideParser import OverrideParser

    class TextKeys(HydraOverrideVisitor):
        """The visitor of Hydra, apart from keys."""

        def visitDictKey(self, ctx: OverrideParser.DictKeyContext) -> str:
            parts = [
                token.symbol.text[1::2] if token.symbol.type == OverrideLexer.ESC else token.symbol.text
                for token in ctx.getChildren()
            ]
            return "".join(parts).strip()

    overrides_parser.HydraOverrideVisitor = TextKeys  # type: ignore[attr-defined]


def parsed_override(text: str) -> "Override | None":
    """Return the override as Hydra parses it, or None if Hydra cannot."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    use_text_keys()
    try:
        return OverridesParser.create().parse_override(text)
    except (HydraException, ValueError):  # Python refuses whole numbers of more than 4,300 digits
        return None


def shown_override(text: str) -> str | None:
    """Return an override quoted for a shell, as a message shows it; None if the program cannot read it.

    >>> print(shown_override('data.path="my file.csv"'))
    'data.path="my file.csv"'
    >>> shown_override("data.path=Año") is None
    True
    """
    return None if parsed_override(text) is None else shlex.quote(text)


def words_to_type(path: str, value: object) -> str:
    """Return the end of a message that gives a path another value; empty if no override can.

    >>> print(words_to_type("data.drop_columns", ["mb used"]))
    : type 'data.drop_columns=["mb used"]'
    """
    typed = shown_override(f"{path}={as_typed(value)}")
    return f": type {typed}" if typed else ""


def typed_text(text: str) -> str:
    """Return a text as it is typed behind `KEY=`, in quotation marks only if Hydra would read something else.

    >>> typed_text("my plans.yaml"), typed_text("a,b.csv")
    ('my plans.yaml', '"a,b.csv"')
    """
    parsed = parsed_override(f"key={text}")
    is_read = parsed is not None and not parsed.is_sweep_override() and parsed.value() == text
    return text if is_read else in_quotes(text)
