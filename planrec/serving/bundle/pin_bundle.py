"""Pin the run of a bundle: verify, unpack, check, then write the pin."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.runs.read import SavedRun
from planrec.serving.bundle.bundle_file import Bundle, home_of, read_bundle
from planrec.serving.bundle.signers import SIGNATURE_FILE, Signers
from planrec.serving.bundle.unpacking import unpacking_folder
from planrec.serving.denied_runs import check_not_denied
from planrec.serving.pin import Pin, current_pin, pin_of, servable_run
from planrec.serving.pin_writing import write_pin


def pin_bundle(
    file: Path,
    outputs: Path,
    reason: str | None = None,
    *,
    signers: Signers,
    allow_denied: bool = False,
    dry_run: bool = False,
) -> Pin:
    """Unpack a bundle below the folder of runs and pin its run.

    Args:
        file: the bundle.
        outputs: folder of runs, with pinned.json.
        reason: why, for those who ask later.
        signers: the trusted keys.
        allow_denied: whether the run may be on the deny list.
        dry_run: check everything and keep nothing.

    Raises:
        RunError: no trusted key signed the bundle, its run cannot be served here, is denied, or another run
            has its folder; or the pin was changed in between, and stays. Nothing is unpacked or pinned then.
    """
    before = current_pin(outputs)
    bundle = read_bundle(file, signers)
    with _unpacked(bundle, outputs, dry_run=dry_run) as folder:
        saved = _checked(folder, file, signers)
        home = outputs / home_of(saved.run_id)
        _check_free(home, bundle)
        if not allow_denied:
            check_not_denied(saved.sha256, outputs)
        pin = pin_of(replace(saved, folder=home), outputs, reason, before)
        if not dry_run:
            placing = _placed(folder, home, bundle)
            write_pin(pin, outputs, before, allow_denied=allow_denied, placing=placing)
    return pin


@contextmanager
def _unpacked(bundle: Bundle, outputs: Path, *, dry_run: bool) -> Iterator[Path]:
    """Yield a folder with the files of a bundle, where no command looks for runs; remove it afterwards."""
    with TemporaryDirectory() if dry_run else unpacking_folder(outputs) as temporary:
        folder = Path(temporary) / "run"
        folder.mkdir()
        for name, member in {**bundle.members, SIGNATURE_FILE: bundle.signature.head}.items():
            write_atomically(folder / name, member)
        yield folder


def _checked(folder: Path, file: Path, signers: Signers) -> SavedRun:
    """Load the unpacked run as a server does. Raises RunError with the name of the bundle."""
    try:
        return servable_run(folder, signers)
    except RunError as error:
        message, *problems = (
            text.replace(str(folder), str(file)) for text in (error.message, *error.problems)
        )
        raise RunError(message, problems) from error


def _check_free(home: Path, bundle: Bundle) -> None:
    """Check that the folder is free, or has the same run. Raises RunError."""
    if not home.exists():
        return
    run_json = home / "run.json"
    if not run_json.is_file() or run_json.read_bytes() != bundle.members["run.json"]:
        raise RunError(
            f"{home} belongs to another run: nothing is overwritten; move it or name other --outputs"
        )


@contextmanager
def _placed(folder: Path, home: Path, bundle: Bundle) -> Iterator[None]:
    """Move an unpacked run to its place; if the pin is not written, remove it unless it was there before."""
    _check_free(home, bundle)
    is_new = not home.exists()
    try:
        _move(folder, home)
        yield
    except Exception:
        if is_new:
            shutil.rmtree(home, ignore_errors=True)
        raise


def _move(folder: Path, home: Path) -> None:
    """Move an unpacked run to its place; the files of the same run are replaced one by one."""
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder, home)
        return
    for file in sorted(folder.iterdir()):
        os.replace(file, home / file.name)
