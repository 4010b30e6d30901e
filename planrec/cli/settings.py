"""Show the settings of the server: values, where they come from, meanings.

They are PLANREC_... variables of the environment.
"""

import os
from argparse import ArgumentParser, Namespace

from planrec.cli.api_package import api_module

EXAMPLE = "PLANREC_SERVER__PORT=8080 planrec settings"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare nothing."""


def run(options: Namespace) -> int:
    """Print the table of settings."""
    settings = api_module("settings")
    print(settings.settings_table(settings.read_settings(os.environ), os.environ))
    return 0
