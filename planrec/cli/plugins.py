"""List the installed plug-ins: their versions, packages and what they add.

Set PLANREC_PLUGINS=none to ignore all plug-ins.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from planrec.cli.shared_options import add_json, show_table

if TYPE_CHECKING:
    from planrec.plugins import Plugin

EXAMPLE = "planrec plugins --json"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare `--json`."""
    add_json(parser)


def run(options: Namespace) -> int:
    """Print one block per plug-in. Nothing of the plug-ins is imported."""
    from planrec.plugins import installed_plugins

    plugins = installed_plugins()
    show_table(options, lambda: _print(plugins), lambda: _as_json(plugins))
    return 0


def _print(plugins: "Sequence[Plugin]") -> None:
    from planrec.plugins import VARIABLE, switched_off

    for plugin in plugins:
        print(f"{plugin.name} {plugin.version} (package {plugin.package}, sha256 {plugin.sha256[:12]})")
        for added in plugin.adds:
            print(f"  {added}")
    if not plugins:
        print(f"plug-ins are ignored: {VARIABLE}=none" if switched_off() else "no plug-ins are installed")


def _as_json(plugins: "Sequence[Plugin]") -> str:
    listed = [asdict(plugin) | {"sha256": plugin.sha256} for plugin in plugins]
    content = {"schema": "planrec.plugins/1", "plugins": listed}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
