"""The files of the pages: read and compressed once, cached by browsers for as long as they do not change."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Self

from planrec.files.hashing import sha256_of
from planrec.files.package_folder import PACKAGE

FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"Suffix of a file -> content type; files with other suffixes are not served."


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    media_type: str
    body: bytes
    compressed: bytes
    "The same with gzip."

    @classmethod
    def of(cls, file: Path) -> Self:
        """Read and compress a file."""
        body = file.read_bytes()
        return cls(MEDIA_TYPES[file.suffix], body, gzip.compress(body, mtime=0))


@dataclass(frozen=True)
class Assets:
    """All files of the pages."""

    files: Mapping[str, Asset]
    "Name, such as adviser.js or texts/en.json -> file."
    version: str
    """Hash of all files. It is a part of their addresses, so modules import each other by relative names and
    browsers may keep every file for ever."""

    @classmethod
    def of(cls, files: Iterable[tuple[str, Path]]) -> Self:
        """Read files; their names become parts of their addresses."""
        read = {name: Asset.of(file) for name, file in sorted(files)}
        parts = [part for name, asset in read.items() for part in (name.encode(), asset.body)]
        return cls(read, sha256_of(b"\0".join(parts))[:16])

    @property
    def prefix(self) -> str:
        """The path of the files, such as /assets/0123456789abcdef."""
        return f"/assets/{self.version}"

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all files."""
        return frozenset(f"{self.prefix}/{name}" for name in self.files)


@cache
def assets() -> Assets:
    """Read all files of the pages; the first call takes a tenth of a second."""
    return Assets.of(_files())


def _files() -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of each asset."""
    static, viewer = FOLDER / "static", FOLDER / "vendored" / "rapidoc"
    for file in static.rglob("*"):
        if file.suffix in MEDIA_TYPES:
            yield file.relative_to(static).as_posix(), file
    yield "rapidoc-min.js", viewer / "rapidoc-min.js"
    yield "rapidoc-min.js.LICENSE.txt", viewer / "rapidoc-min.js.LICENSE.txt"
    yield "rapidoc.LICENSE.txt", viewer / "LICENSE.txt"
    # The reports have the same colours.
    yield "tokens.css", PACKAGE / "reports" / "page" / "tokens.css"
