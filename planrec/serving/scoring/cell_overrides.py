"""Overrides of `planrec score`: how the cells of this file are read, if not as the run's own data."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from planrec.commands.grammar import parsed_override
from planrec.commands.values import with_interpolation
from planrec.data.cell_options import CellOptions, Units
from planrec.errors import ConfigError
from planrec.files.validation_errors import problems_of
from planrec.schema.cell_form import CellForm
from planrec.wording import did_you_mean

FIELDS = {f"data.{name}" for name in CellOptions.model_fields}
UNITS = {f"data.units.{usage}" for usage in Units.model_fields}


def changed_cells(cells: CellForm, overrides: Sequence[str]) -> CellForm:
    """Change the form of cells by overrides as `planrec train` takes them.

    Raises:
        ConfigError: an override cannot be read, names another key, or has a value that its key does not take.

    Examples:
        >>> changed_cells(CellForm(), ["data.decimal=comma", "data.units.data_mib=GB"])
        CellForm(decimal='comma', thousands='detect', blank=None, sheet=None, units={'data_mib': 'GB'})
    """
    if problems := [problem for text in overrides for problem in _problems(text)]:
        raise ConfigError("the overrides of a file to score name how its cells are read", problems)
    tree: dict[str, object] = {
        "decimal": cells.decimal,
        "thousands": cells.thousands,
        "blank": cells.blank,
        "sheet": cells.sheet,
        "units": dict.fromkeys(Units.model_fields) | cells.units,
    }
    for text in overrides:
        _set(tree, text)
    try:
        return CellOptions.model_validate(tree).cell_form
    except ValidationError as error:
        raise ConfigError(
            "the file cannot be read with these overrides", problems_of(error, "data")
        ) from None


def _problems(text: str) -> Iterator[str]:
    parsed = parsed_override(text)
    if parsed is None or parsed.is_sweep_override() or parsed.is_delete():
        yield f"{text}: expected KEY=VALUE with one value"
    elif (key := parsed.key_or_group) not in FIELDS | UNITS:
        allowed = sorted(FIELDS | UNITS)
        yield f"{text}: no such key{did_you_mean(key, allowed)}; allowed: {', '.join(allowed)}"


def _set(tree: dict[str, object], text: str) -> None:
    parsed = parsed_override(text)
    value = None if parsed is None else with_interpolation(parsed.value())
    key = text.lstrip("+").partition("=")[0]
    units = tree["units"]
    if key in UNITS and isinstance(units, dict):
        units[key.removeprefix("data.units.")] = value
    elif key == "data.units" and isinstance(units, dict) and isinstance(value, Mapping):
        tree["units"] = {**units, **value}
    else:
        tree[key.removeprefix("data.")] = value
