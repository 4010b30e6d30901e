"""Read a bundle: the signature over the whole content is verified before any part of it is read."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from planrec.errors import RunError
from planrec.serving.bundle.members import split_members
from planrec.serving.bundle.signature import HEAD_BYTES, MAGIC, Signature
from planrec.serving.bundle.signers import Signers

MAX_BYTES = 2**30
"Of the content of a bundle, which is read into memory."
_PART = r"[^./\\:\x00-\x1f\x7f][^/\\:\x00-\x1f\x7f]{0,99}"


@dataclass(frozen=True)
class Bundle:
    """A bundle that a trusted key signed."""

    signature: Signature
    members: dict[str, bytes]
    "File name in the folder of the run -> content."


def read_bundle(file: Path, signers: Signers) -> Bundle:
    """Read a bundle.

    Raises:
        RunError: it is not a bundle, is too large, or is not signed by a trusted key.
    """
    with file.open("rb") as handle:
        head, content = handle.read(HEAD_BYTES), handle.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise RunError(f"{file} is larger than a bundle may be, {MAX_BYTES:,} bytes")
    signature = Signature.parse(head)
    if signature is None:
        is_bundle = head[: len(MAGIC)] == MAGIC[: len(head)] != b""
        why = "it has no signature, or is cut off" if is_bundle else f"it must begin with {MAGIC.decode()!r}"
        raise RunError(f"{file} is not a signed bundle of planrec bundle: {why}")
    signers.check(signature, content, file)
    return Bundle(signature, split_members(content))


def home_of(run_id: str) -> PurePosixPath:
    """Return the path of an unpacked run below the folder of runs.

    Raises:
        RunError: the id is not two plain names, so the path could lead elsewhere.

    >>> home_of("2030-01-31/12-00-00-abc123")
    PurePosixPath('2030-01-31/12-00-00-abc123')
    """
    if re.fullmatch(f"{_PART}/{_PART}", run_id) is None:
        raise RunError(
            f"a bundle's run_id must be two names, as in 2030-01-31/12-00-00-abc123, got {run_id[:200]!r}"
        )
    return PurePosixPath(run_id)
