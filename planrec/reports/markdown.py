"""Text from users as Markdown; it is escaped here and nowhere else."""

import re

from planrec.wording import visible

_SPECIAL = re.compile(r"[\\`*\[\]<>|#&]|(?<!\w)_|_(?!\w)")
"An underscore inside a word is plain text in Markdown."


def escape_markdown(text: object) -> str:
    r"""Escape text, such as plan names, so that Markdown shows it unchanged, in table cells too.

    Examples:
        >>> print(escape_markdown("a_b | <b> *c* _d_"))
        a_b \| \<b\> \*c\* \_d\_
    """
    return _SPECIAL.sub(r"\\\g<0>", _on_one_line(text))


def markdown_code(text: object) -> str:
    """Return text as Markdown code on one line.

    Examples:
        >>> markdown_code("a b"), markdown_code("a`b")
        ('`a b`', '`` a`b ``')
    """
    plain = _on_one_line(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    return f"{fence}{plain}{fence}" if len(fence) == 1 else f"{fence} {plain} {fence}"


def _on_one_line(text: object) -> str:
    return visible(" ".join(str(text).split()))
