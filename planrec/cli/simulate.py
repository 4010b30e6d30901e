"""Write a simulated operator as files, with the truth beside them.

The files are the history of its subscribers, its plans, and the true bills and choices behind them.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

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
    from planrec.config.overrides import typed_text
    from planrec.data.simulated_files import catalogue_of, simulator_of, write_simulation
    from planrec.files.outputs_folder import command_line

    values = {name: getattr(options, name) for name in _defaults()}
    folder = write_simulation(simulator_of(values), catalogue_of(options.catalogue), options.folder)
    overrides = {
        "data": "usage_months",
        "data.path": folder / "history.parquet",
        "data.usage_columns.voice_minutes_billed": "voice_minutes_billed",
        "target": "best_bill",
        "catalogue": "file",
        "catalogue.path": folder / "catalogue.yaml",
    }
    typed = (f"{key}={typed_text(str(value))}" for key, value in overrides.items())
    print(f"wrote {folder}\ntrain on it: {command_line('train', *typed)}")
    return 0


def _defaults() -> dict[str, Any]:
    from planrec.config.conf_folder import CONF, content_of

    content = content_of(CONF / "data" / "simulator.yaml")
    return {name: value for name, value in content.items() if isinstance(value, int | str) and name != "kind"}
