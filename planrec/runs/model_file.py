"""The fitted Pipeline as a file: skops, no pickle, canonical bytes."""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planrec.calibration import TRUSTED_TYPES as TRUSTED_CALIBRATION_TYPES
from planrec.features import TRUSTED_TYPES as TRUSTED_FEATURE_TYPES
from planrec.model import TRUSTED_TYPES as TRUSTED_MODEL_TYPES

FREE_BYTES = 64 << 20
"A model file may unpack to this size, however small it is."
MOST_UNPACKED = 100
"Above that size: bytes for each byte of the file. Fitted models unpack to about 5, a ZIP bomb to 1,000."


def canonical_skops(pipeline: Any) -> bytes:
    """Serialise a fitted pipeline with skops so that equal pipelines give equal bytes.

    skops numbers objects by `id()` and writes the time into the zip. Here objects and files are numbered by
    first appearance and the date is fixed, so that the sha256 of the bytes can be the artifact's id.
    """
    import skops.io

    source = zipfile.ZipFile(io.BytesIO(skops.io.dumps(pipeline)))
    schema = source.read("schema.json").decode()
    names = list(dict.fromkeys(re.findall(r'"file": "([^"]+)"', schema)))
    renamed = {name: f"{number}{Path(name).suffix}" for number, name in enumerate(names)}
    ids = list(dict.fromkeys(re.findall(r'"__id__": (\d+)', schema)))
    numbered = {id_: str(number) for number, id_ in enumerate(ids)}
    schema = re.sub(r'"file": "([^"]+)"', lambda found: f'"file": "{renamed[found[1]]}"', schema)
    schema = re.sub(r'"__id__": (\d+)', lambda found: f'"__id__": {numbered[found[1]]}', schema)
    members = {"schema.json": schema.encode()} | {renamed[name]: source.read(name) for name in names}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def check_size(content: bytes) -> None:
    """Check that a model file does not unpack to far more than it holds. Raises ValueError."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    limit = max(FREE_BYTES, MOST_UNPACKED * len(content))
    if unpacked > limit:
        raise ValueError(f"it must unpack to at most {limit:,} bytes, got {unpacked:,}")


def read_skops(content: bytes, plugin_packages: Sequence[str] = ()) -> Any:
    """Return the pipeline of a file whose sha256 was checked.

    A changed LightGBM text would abort the process, so never call this on bytes of unknown origin.

    Args:
        content: the bytes of the file.
        plugin_packages: import packages of the installed plug-ins that the run names; types below them, and
            no others of the file, are trusted beside PlanRec's own list.
    """
    import skops.io

    check_size(content)
    # The list is part of the code: a list from the artifact would let the artifact permit itself.
    trusted = [*TRUSTED_FEATURE_TYPES, *TRUSTED_MODEL_TYPES, *TRUSTED_CALIBRATION_TYPES]
    if plugin_packages:
        below = tuple(f"{package}." for package in plugin_packages)
        trusted += [name for name in skops.io.get_untrusted_types(data=content) if name.startswith(below)]
    return skops.io.loads(content, trusted=trusted)
