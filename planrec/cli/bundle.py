"""Write a run into one signed file, which another machine can pin.

The file holds the run, its catalogue and golden predictions, its model card and the versions that made it.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from planrec.cli.shared_options import add_outputs, add_run, run_folder

EXAMPLE = "planrec bundle latest spring.bundle --key operator.key"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, nargs="?")
    parser.add_argument(
        "file", nargs="?", type=_bundle_file, metavar="FILE.bundle", help="replaced if it exists"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="private key that signs the bundle")
    parser.add_argument(
        "--new-key", type=Path, metavar="FILE", help="make a private key, print the public key, and exit"
    )
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Make a bundle, or a pair of keys."""
    from planrec.errors import ConfigError

    parts = (options.run, options.file, options.key)
    if options.new_key is not None and not any(parts):
        return _new_key(options.new_key)
    if options.new_key is not None or not all(parts):
        raise ConfigError(f"expected RUN, FILE.bundle and --key, as in {EXAMPLE}; or --new-key FILE alone")
    return _bundle(options)


def _bundle(options: Namespace) -> int:
    from planrec.commands.advice import command_line
    from planrec.serving.bundle.make_bundle import make_bundle

    signature = make_bundle(run_folder(options.run, options), options.file, options.key)
    print(f"wrote {options.file}: {options.file.stat().st_size:,} bytes")
    print(_public_line(signature.public_key))
    print(f"pin it on another machine: {command_line('pin', options.file.name)}")
    return 0


def _new_key(file: Path) -> int:
    from planrec.serving.bundle.private_key import create_key

    public_key = create_key(file)
    print(f"private key, for signing: {file} (only you can read it; keep it off the servers)")
    print(_public_line(public_key))
    return 0


def _public_line(public_key: str) -> str:
    return f"public key, for the servers: PLANREC_ACCESS__BUNDLE_KEYS={public_key}"


def _bundle_file(name: str) -> Path:
    """Return the file that gets a bundle; no file of a run ends like that."""
    if not name.endswith(".bundle"):
        raise ArgumentTypeError(f"must end in .bundle, got {name!r}")
    return Path(name)
