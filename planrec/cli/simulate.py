"""Write a simulated operator as files, with the truth beside them.

The files are the history of its subscribers, its plans, and the true bills and choices behind them.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planrec.catalogue import Catalogue
    from planrec.data.simulator import Simulator

EXAMPLE = "planrec simulate made_up --n-subscribers 500"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options of the simulator; the defaults are those of conf/data/simulator.yaml."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new or empty folder for the files")
    parser.add_argument(
        "--catalogue", default="ladder", help="name in conf/catalogue/, or a YAML file; default ladder"
    )
    for name, default in _defaults().items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(default), default=default, help=f"default {default}")


def run(options: Namespace) -> int:
    """Write the files and print the command that trains on them."""
    from planrec.commands.advice import command_line, typed
    from planrec.data.simulated_files import write_simulation

    values = {name: getattr(options, name) for name in _defaults()}
    folder = write_simulation(_simulator_of(values), _catalogue_of(options.catalogue), options.folder)
    overrides = {
        "data": "usage_months",
        "data.path": f"{folder}/history.parquet",
        "data.usage_columns.voice_minutes_billed": "voice_minutes_billed",
        "target": "best_bill",
        "catalogue": "file",
        "catalogue.path": f"{folder}/catalogue.yaml",
    }
    print(f"wrote {folder}\ntrain on it: {command_line('train')} {typed(overrides)}")
    return 0


def _defaults() -> dict[str, Any]:
    from planrec.config.conf_folder import CONF, content_of

    content = content_of(CONF / "data" / "simulator.yaml")
    return {name: value for name, value in content.items() if isinstance(value, int | str) and name != "kind"}


def _simulator_of(values: dict[str, Any]) -> "Simulator":
    """Validate the simulator with these values.

    Raises:
        ConfigError: if a value is out of range; the message names the flags of the command line.
    """
    from pydantic import ValidationError

    from planrec.data.simulator import Simulator
    from planrec.errors import ConfigError
    from planrec.files.validation_errors import rule_of

    try:
        return Simulator(kind="simulator", drop_columns=(), protected_columns={}, **values)
    except ValidationError as error:
        problems = [
            f"--{str(wrong['loc'][0]).replace('_', '-')}: {rule_of(wrong)}, got {wrong['input']!r}"
            for wrong in error.errors()
        ]
        raise ConfigError("the options do not describe a simulation", problems) from None


def _catalogue_of(name: str) -> "Catalogue":
    """Open the shipped catalogue of this name, or the catalogue in this file.

    Raises:
        ConfigError: if there is neither, or if the file is not a catalogue.
    """
    from planrec.catalogue import Catalogue
    from planrec.catalogue.yaml_file import read_model
    from planrec.config.conf_folder import CONF, options
    from planrec.errors import CatalogueError, ConfigError
    from planrec.files.input_path import find_input

    shipped = [option for option in options("catalogue") if option not in ("file", "none")]
    if name in shipped:
        return read_model(CONF / "catalogue" / f"{name}.yaml", Catalogue)
    try:
        return read_model(find_input("--catalogue", name, CatalogueError), Catalogue)
    except CatalogueError as error:
        message = f"{error.message}; shipped catalogues: {', '.join(shipped)}"
        raise ConfigError(message, error.problems) from error
