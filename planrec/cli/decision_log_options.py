"""Options that lead to the decision log: the same defaults as those of the server."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

URL_VARIABLE = "PLANREC_DECISION_LOG__URL"
KEY_VARIABLE = "PLANREC_DECISION_LOG__KEY_FILE"
DEFAULT = f"{URL_VARIABLE}, else decisions.sqlite in the folder of runs"


def add_log(parser: ArgumentParser) -> None:
    """Add `--log URL`; `log_url` returns its value."""
    parser.add_argument("--log", type=_url, metavar="URL", help=f"decision log; default: {DEFAULT}")


def add_optional_log(parser: ArgumentParser) -> None:
    """Add `--log`, with or without a URL: without the option there is no log."""
    parser.add_argument(
        "--log",
        type=_url,
        nargs="?",
        const="",
        metavar="URL",
        help=f"write each answer to the decision log too; without URL: {DEFAULT}",
    )


def log_url(options: Namespace) -> str:
    """Return the URL of the decision log."""
    named = options.log or os.environ.get(URL_VARIABLE)
    return named if named and named != "none" else f"sqlite:///{options.outputs / 'decisions.sqlite'}"


def key_file(options: Namespace) -> Path:
    """Return the file of the pseudonym key."""
    return Path(os.environ.get(KEY_VARIABLE) or options.outputs / "decisions.key")


def _url(text: str) -> str:
    if "://" not in text:
        raise ArgumentTypeError(
            f"must be sqlite:///FILE or postgresql://..., got {text!r}; for the default log, type --log last"
        )
    return text
