"""Make a bundle of a run that can be served."""

from collections.abc import Mapping
from pathlib import Path

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.reports.cards.model_card import card_of
from planrec.runs.read import SavedRun, checked_bytes
from planrec.serving.bundle.bundle_file import MAX_BYTES, home_of
from planrec.serving.bundle.locked_versions import versions_of
from planrec.serving.bundle.members import MODEL_CARD, VERSIONS, join_members
from planrec.serving.bundle.private_key import check_key, sign
from planrec.serving.bundle.signature import Signature
from planrec.serving.pin import servable_run


def make_bundle(folder: Path, file: Path, key_file: Path) -> Signature:
    """Write a run into one signed file; the same run and key give the same bytes.

    Args:
        folder: folder of the run.
        file: the bundle, replaced if it exists.
        key_file: private key of `planrec bundle --new-key`.

    Raises:
        RunError: the run cannot be served, or is too large for a bundle.
        ConfigError: the key cannot be used.
    """
    check_key(key_file)
    saved = servable_run(folder)
    home_of(saved.run_id)
    content = join_members(_members_of(saved))
    if len(content) > MAX_BYTES:
        raise RunError(f"a bundle has at most {MAX_BYTES:,} bytes, {folder} has {len(content):,}")
    signature = sign(content, key_file)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, signature.head + content)
    return signature


def _members_of(saved: SavedRun) -> Mapping[str, bytes]:
    manifest = saved.manifest
    hashes: list[tuple[str, str]] = [("run.json", saved.sha256), *manifest.files.items()]
    return {
        **{name: checked_bytes(saved.folder, name, sha256) for name, sha256 in hashes},
        MODEL_CARD: card_of(saved.folder).encode(),
        VERSIONS: versions_of(manifest).encode(),
    }
