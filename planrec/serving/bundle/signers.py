"""The public keys that are trusted, and the check of a run that was unpacked from a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planrec.commands.advice import command_line
from planrec.errors import RunError
from planrec.files.hashing import sha256_of
from planrec.serving.bundle.members import NAMES, join_members
from planrec.serving.bundle.signature import Signature

SIGNATURE_FILE = "bundle.signature"
"File in the folder of a run that came from a bundle: the first lines of the bundle."
KEYS_VARIABLE = "PLANREC_ACCESS__BUNDLE_KEYS"
REQUIRED_VARIABLE = "PLANREC_ACCESS__SIGNED_ONLY"


@dataclass(frozen=True)
class Signers:
    """The public keys whose bundles are accepted."""

    keys: Sequence[str] = ()
    "64 hexadecimal digits each."
    are_required: bool = False
    "Whether runs without a signature are refused."

    def check(self, signature: Signature, content: bytes, place: Path) -> None:
        """Check that a trusted key signed this content.

        Raises:
            RunError: the key is not trusted, or the content is not the signed one.
        """
        if signature.public_key not in self.keys:
            known = ", ".join(key[:16] for key in self.keys) or "none"
            raise RunError(
                f"{place} is signed with the key {signature.public_key}, which {KEYS_VARIABLE} does not name"
                f" (it names: {known}); add the key if you trust its owner"
            )
        if not signature.signs(content):
            raise RunError(
                f"{place} is not what the key {signature.public_key[:16]} signed:"
                " it was changed or is not complete; get it again from its owner"
            )

    def check_folder(self, folder: Path) -> str | None:
        """Check the signature of a run's folder if signatures are required; nothing is parsed before.

        Returns:
            The SHA-256 of the signed run.json, which holds the hashes of all other files; None if no
            signature is required.

        Raises:
            RunError: the folder is not from a bundle that a trusted key signed, or was changed.
        """
        if not self.are_required:
            return None
        signature = _signature_of(folder)
        if signature is None:
            raise RunError(
                f"{folder} is not from a signed bundle, and {REQUIRED_VARIABLE} is true:"
                f" pin a bundle that {command_line('bundle')} made"
            )
        members = {name: (folder / name).read_bytes() for name in NAMES if (folder / name).is_file()}
        self.check(signature, join_members(members), folder)
        return sha256_of(members["run.json"])


def is_from_bundle(folder: Path) -> bool:
    """Return whether a run was unpacked from a bundle; its files must stay as they are."""
    return (folder / SIGNATURE_FILE).is_file()


def _signature_of(folder: Path) -> Signature | None:
    return Signature.parse((folder / SIGNATURE_FILE).read_bytes()) if is_from_bundle(folder) else None
