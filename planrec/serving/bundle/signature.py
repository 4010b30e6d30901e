"""Signatures of bundles: Ed25519 over the SHA-256 of the whole content."""

import re
from dataclasses import dataclass
from typing import Self

from planrec.errors import ConfigError
from planrec.files.hashing import sha256_of

MAGIC = b"planrec.bundle/1\n"
_HEAD = re.compile(rb"planrec\.bundle/1\nkey ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n")
HEAD_BYTES = len(MAGIC) + len("key \n") + 64 + len("signature \n") + 128


@dataclass(frozen=True)
class Signature:
    """The signature of a content, and the public key that verifies it."""

    public_key: str
    "64 hexadecimal digits."
    value: str
    "128 hexadecimal digits."

    @classmethod
    def parse(cls, head: bytes) -> Self | None:
        """Return the signature in the first `HEAD_BYTES` bytes of a bundle, or None if there is none."""
        found = _HEAD.fullmatch(head)
        return None if found is None else cls(found[1].decode(), found[2].decode())

    @property
    def head(self) -> bytes:
        """The first lines of a bundle.

        >>> Signature("0" * 64, "0" * 128).head.splitlines()[0]
        b'planrec.bundle/1'
        """
        return MAGIC + f"key {self.public_key}\nsignature {self.value}\n".encode()

    def signs(self, content: bytes) -> bool:
        """Return whether the public key made this signature of this content. Raises ConfigError."""
        check_bundle_extra()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.value), signed_text(content))
        except (InvalidSignature, ValueError):
            return False
        return True


def signed_text(content: bytes) -> bytes:
    """Return the bytes that a key signs; the name of the format keeps signatures of other texts out.

    >>> signed_text(b"").splitlines()[0]
    b'planrec.bundle/1'
    """
    return MAGIC + f"sha256 {sha256_of(content)}\n".encode()


def check_bundle_extra() -> None:
    """Check that the extra `planrec[bundle]` is installed. Raises ConfigError."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise ConfigError("signatures need cryptography: type pip install 'planrec[bundle]'") from error
