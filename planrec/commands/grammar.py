"""Hydra's parser of overrides, with the keys of mappings as text and in quotation marks if they need them."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


@cache
def use_text_keys() -> None:
    """Make Hydra read the keys of mappings as the text that was typed: 1E5 and 007 are codes of plans.

    Hydra reads `{1E5: a}` as {100000.0: "a"}, and its grammar has no quotation marks for keys. Its parser
    looks lexer and visitor up by name, so the names are replaced.
    """
    from hydra.core.override_parser import overrides_parser
    from hydra.core.override_parser.overrides_visitor import HydraOverrideVisitor
    from hydra.core.override_parser.types import Quote, QuotedString
    from hydra.grammar.gen.OverrideLexer import OverrideLexer
    from hydra.grammar.gen.OverrideParser import OverrideParser

    marks = {'"': Quote.double, "'": Quote.single}

    class QuotedKeys(OverrideLexer):
        """The lexer of Hydra, apart from a text in quotation marks in front of a colon: it is a key."""

        def nextToken(self) -> object:
            token = super().nextToken()
            if token.type == OverrideLexer.QUOTED_VALUE and self._next_letter() == ":":
                token.type = OverrideLexer.ID
            return token

        def _next_letter(self) -> str:
            ahead = 1
            while (code := self.inputStream.LA(ahead)) in map(ord, " \t"):
                ahead += 1
            return chr(code) if code > 0 else ""

    class TextKeys(HydraOverrideVisitor):
        """The visitor of Hydra, apart from keys."""

        def visitDictKey(self, ctx: OverrideParser.DictKeyContext) -> str | QuotedString:
            parts = [
                token.symbol.text[1::2] if token.symbol.type == OverrideLexer.ESC else token.symbol.text
                for token in ctx.getChildren()
            ]
            key = "".join(parts).strip()
            if key[:1] not in marks:
                return key
            return QuotedString(self._unescape_quoted_string(key), marks[key[0]])

    overrides_parser.OverrideLexer = QuotedKeys  # type: ignore[attr-defined]
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
