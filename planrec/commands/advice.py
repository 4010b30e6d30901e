"""Advised overrides and commands: the one place in which messages get them."""

import json
import shlex
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from planrec.commands.grammar import parsed_override
from planrec.commands.values import as_typed, without_interpolation
from planrec.files.outputs_folder import default_outputs
from planrec.wording import visible

MOST_REMEMBERED = 512


def typed(overrides: Mapping[str, object] | None = None, /, **groups: object) -> str:
    r"""Write overrides quoted for a shell, after the program has read them again.

    Values that cannot be typed go into a file: a terminal shows no control characters.

    Args:
        overrides: key, perhaps after a `+`, -> value.
        groups: further keys that are Python names.

    Examples:
        >>> print(typed({"data.plan_column": "Año"}, target="held"))
        'data.plan_column="Año"' target=held
        >>> print(typed({"+data.plan_names": {"${x}": "a b"}}))
        '+data.plan_names={"${x}":"a b"}'
        >>> print(typed({"data.plan_column": "\x1b"}))  # doctest: +NORMALIZE_WHITESPACE
        --config-dir FOLDER experiment=NAME, with two lines in FOLDER/experiment/NAME.yaml:
        # @package _global_ and {"data": {"plan_column": "\u001b"}}
    """
    wanted = {**(overrides or {}), **groups}
    texts = {key: f"{key}={as_typed(without_interpolation(value))}" for key, value in wanted.items()}
    if all(_is_read(text, wanted[key]) for key, text in texts.items()):
        return shlex.join(texts.values())
    content = visible(json.dumps(_tree(wanted), ensure_ascii=False))
    return (
        "--config-dir FOLDER experiment=NAME, with two lines in FOLDER/experiment/NAME.yaml:"
        f" # @package _global_ and {content}"
    )


def retyped(text: str) -> str | None:
    """Quote an override that was typed for a shell; None if the program cannot read it.

    >>> print(retyped('data.path="my file.csv"'))
    'data.path="my file.csv"'
    >>> retyped("data.path=Año") is None
    True
    """
    return None if parsed_override(text) is None else shlex.quote(text)


def command_line(*words: object, outputs: Path | None = None) -> str:
    """Return a command of planrec as a shell reads it, with `--outputs` if it is not the default.

    A path that begins with a dash would be read as a flag, so it begins with `./`.

    >>> command_line("pin", Path("spring runs/7"), outputs=Path("spring runs"))
    "planrec pin 'spring runs/7' --outputs 'spring runs'"
    >>> command_line("pin", Path("-7"))
    'planrec pin ./-7'
    """
    flags = [] if outputs in (None, default_outputs()) else ["--outputs", outputs]
    return shlex.join(["planrec", *map(_word, (*words, *flags))])


def _word(word: object) -> str:
    return f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)


def _is_read(text: str, value: object) -> bool:
    """Return whether the program reads this value from the text, and a terminal shows the text."""
    return text.isprintable() and _values_read(text) == [without_interpolation(value)]


@lru_cache(MOST_REMEMBERED)
def _values_read(text: str) -> list[object]:
    parsed = parsed_override(text)
    return [] if parsed is None or parsed.is_sweep_override() else [parsed.value()]


def _tree(overrides: Mapping[str, object]) -> dict[str, object]:
    """Nest dotted keys as a file of options does."""
    tree: dict[str, object] = {}
    for key, value in overrides.items():
        *parents, name = key.lstrip("+").split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})  # type: ignore[assignment]
        node[name] = without_interpolation(value)
    return tree
