"""The encoding of a text file, found in constant memory."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from planrec.errors import DataError

BLOCK_BYTES = 4 << 20
"Bytes read at a time."

# Longest first: the mark of UTF-32-LE begins with that of UTF-16-LE.
BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
HIGH_BYTES = bytes(range(0xC0, 0x100))
UNDEFINED = {"cp1251": b"\x98", "cp1252": b"\x81\x8d\x8f\x90\x9d"}
"Bytes that the one-byte encodings do not use; latin-1 uses all."


@dataclass(frozen=True)
class TextScan:
    """The facts about a text file that only reading all of it can show."""

    encoding: str
    n_quotes: int
    "Quotation marks in the file: an odd number may mean that one is left open."
    notes: tuple[str, ...] = ()


def scan_text(path: Path) -> TextScan:
    """Read a text file once and find its encoding: by its byte-order mark, else UTF-8, else a guess.

    Raises:
        DataError: if the file is damaged, or is not text.
    """
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), None)
    try:
        return TextScan(marked or "utf-8", _count_quotes(path, marked or "utf-8"))
    except UnicodeDecodeError as error:
        if marked:
            raise DataError(
                f"{path} begins with the byte-order mark of {marked} but is not {marked} text: {error.reason}"
            ) from None
    encoding = _guessed_encoding(path)
    note = f"the file is not UTF-8: read as {encoding}; if names look wrong, save it as UTF-8"
    return TextScan(encoding, _count_quotes(path, encoding), (note,))


def _count_quotes(path: Path, encoding: str) -> int:
    """Decode the whole file. Raises UnicodeDecodeError, and DataError if it holds NUL."""
    n_characters = n_quotes = 0
    for text in _decoded_blocks(path, encoding, errors="strict"):
        if "\x00" in text:
            position = n_characters + text.index("\x00") + 1
            raise DataError(f"{path} is not text: NUL at character {position:,}; save it as UTF-8 CSV")
        n_characters += len(text)
        n_quotes += text.count('"')
    return n_quotes


def _guessed_encoding(path: Path) -> str:
    """Guess a one-byte encoding: Cyrillic writes whole words above 0xC0, Latin single letters.

    Raises:
        DataError: if the file is damaged UTF-8.
    """
    _check_is_not_utf8(path)
    used: set[int] = set()
    n_in_words = n_single = 0
    for block in _blocks_of_whole_runs(path):
        used.update(block)
        runs = re.findall(rb"[\xc0-\xff]+", block)
        n_in_words += sum(len(run) for run in runs if len(run) > 1)
        n_single += sum(len(run) == 1 for run in runs)
    guess = "cp1251" if n_in_words > n_single else "cp1252"
    return "latin-1" if used & set(UNDEFINED[guess]) else guess


def _check_is_not_utf8(path: Path) -> None:
    """Raise DataError if a file is UTF-8 but for some damaged places.

    In a one-byte encoding hardly any pair of bytes is UTF-8 by chance.
    """
    n_broken = n_letters = n_lines = first_line = 0
    for text in _decoded_blocks(path, "utf-8", errors="replace"):
        if not n_broken and "\ufffd" in text:
            first_line = n_lines + text[: text.index("\ufffd")].count("\n") + 1
        n_lines += text.count("\n")
        n_broken += text.count("\ufffd")
        n_letters += len(re.findall(r"[^\x00-\x7f\ufffd]", text))
    if n_letters > n_broken:
        raise DataError(
            f"{path} is UTF-8 text but for {n_broken} place(s), first on line {first_line}: save it again"
        )


def _blocks_of_whole_runs(path: Path) -> Iterator[bytes]:
    """Yield the file in blocks that end after a byte below 0xC0, so that no run of high bytes is cut."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            block = rest + block
            # A whole block of high bytes is not text: cutting it keeps the memory constant.
            whole = block.rstrip(HIGH_BYTES) or block
            rest = block[len(whole) :]
            yield whole
    yield rest


def _decoded_blocks(path: Path, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)
