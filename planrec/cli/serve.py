"""Serve the pinned run over HTTP.

Options that are not given come from PLANREC_... variables: planrec settings shows them.
"""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from planrec.cli.api_package import api_module
from planrec.cli.shared_options import add_outputs, positive

EXAMPLE = "planrec serve --port 8080"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_outputs(parser, "folder of pinned.json")
    parser.add_argument("--host", help="address to bind to; default 127.0.0.1, others need API keys")
    parser.add_argument("--port", type=_port, help="1 to 65535; 0: any free port; default 8000")
    parser.add_argument("--workers", type=positive, metavar="N", help="processes that answer; default 1")
    parser.add_argument("--new-key", action="store_true", help="print a new API key and its hash, and exit")


def run(options: Namespace) -> int:
    """Serve until a signal to stop."""
    api_module("serve_extra").check_serve_extra()
    if options.new_key:
        return _print_new_key()
    given = {
        "PLANREC_OUTPUTS": options.outputs,
        "PLANREC_SERVER__HOST": options.host,
        "PLANREC_SERVER__PORT": options.port,
        "PLANREC_SERVER__WORKERS": options.workers,
    }
    # The workers read the environment too.
    os.environ |= {name: str(value) for name, value in given.items() if value is not None}
    settings = api_module("settings").read_settings(os.environ)
    return int(api_module("server").serve(settings))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise ArgumentTypeError(f"must be a whole number from 0 to 65535, got {text!r}")
    return int(text)


def _print_new_key() -> int:
    access = api_module("middleware.api_keys")
    key = access.new_key()
    print(f"key, for the caller, shown only now: {key}")
    print(f"hash, for the server: PLANREC_ACCESS__KEY_HASHES={access.hash_of(key.encode())}")
    return 0
