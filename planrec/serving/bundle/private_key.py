"""The private key that signs bundles: a PEM file that only its owner can read."""

import os
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.commands.advice import command_line
from planrec.errors import ConfigError
from planrec.serving.bundle.signature import Signature, check_bundle_extra, signed_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def create_key(file: Path) -> str:
    """Write a new private key with the mode 0600 and return its public key; no file is replaced.

    Raises:
        ConfigError: the file exists, or the extra is missing.
    """
    check_bundle_extra()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(f"{file} exists: a private key is never replaced; name another file") from error
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        handle.flush()
        os.fsync(handle.fileno())
    return _public_key(key)


def sign(content: bytes, file: Path) -> Signature:
    """Return the signature of a content with the private key in a file.

    Raises:
        ConfigError: the file is not an Ed25519 key, or others than its owner may read it.
    """
    key = _read_key(file)
    return Signature(_public_key(key), key.sign(signed_text(content)).hex())


def check_key(file: Path) -> None:
    """Check that a file holds a private key that can sign. Raises ConfigError."""
    _read_key(file)


def _read_key(file: Path) -> "Ed25519PrivateKey":
    check_bundle_extra()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with file.open("rb") as handle:
            mode, text = stat.S_IMODE(os.fstat(handle.fileno()).st_mode), handle.read()
    except OSError as error:
        raise ConfigError(
            f"the private key {file} cannot be read: {error.strerror};"
            f" make one with {command_line('bundle', '--new-key', file)}"
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"only its owner may read the private key {file}, but its mode is {mode:04o}:"
            f" type {shlex.join(['chmod', '600', str(file)])}"
        )
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{file} must hold a private key in PEM, without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{file} must hold an Ed25519 key, got {type(key).__name__}")
    return key


def _public_key(key: "Ed25519PrivateKey") -> str:
    return key.public_key().public_bytes_raw().hex()
