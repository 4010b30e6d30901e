"""Show the settings of the server: values, origins and meanings.

They are PLANREC_... variables of the environment.
"""

import os
from argparse import ArgumentParser, Namespace

from planrec.cli.api_package import api_module
from planrec.cli.shared_options import add_json, show_table

EXAMPLE = "PLANREC_SERVER__PORT=8080 planrec settings"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options."""
    add_json(parser)


def run(options: Namespace) -> int:
    """Print the table of settings."""
    module = api_module("settings")
    settings = module.read_settings(os.environ)
    show_table(
        options,
        lambda: print(module.settings_table(settings, os.environ)),
        lambda: module.settings_json(settings, os.environ),
    )
    return 0
