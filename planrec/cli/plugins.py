"""List the installed plug-ins: their versions, packages and what they add.

Set PLANREC_PLUGINS=none to ignore all plug-ins.
"""

import json
from argparse import ArgumentParser, Namespace

EXAMPLE = "planrec plugins --json"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(options: Namespace) -> int:
    """Print one block per plug-in. Nothing of the plug-ins is imported."""
    from planrec.plugins import VARIABLE, installed_plugins, switched_off

    plugins = installed_plugins()
    if options.json:
        listed = [
            {
                "name": plugin.name,
                "version": plugin.version,
                "package": plugin.package,
                "sha256": plugin.sha256,
                "adds": plugin.adds,
            }
            for plugin in plugins
        ]
        print(json.dumps(listed, indent=2))
        return 0
    for plugin in plugins:
        print(f"{plugin.name} {plugin.version} (package {plugin.package}, sha256 {plugin.sha256[:12]})")
        for added in plugin.adds:
            print(f"  {added}")
    if not plugins:
        print(f"plug-ins are ignored: {VARIABLE}=none" if switched_off() else "no plug-ins are installed")
    return 0
