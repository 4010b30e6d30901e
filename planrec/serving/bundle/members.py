"""The content of a bundle: known members in a fixed order, so that equal runs give equal bytes.

A member is a line with its name and its size, the bytes themselves, and a line end. There are no paths,
links, times, owners or compressed parts, so a reader needs no rules against them.
"""

import re
from collections.abc import Iterator, Mapping

from planrec.errors import RunError

MODEL_CARD = "model_card.md"
VERSIONS = "versions.txt"
"A constraints file of pip: the versions that made the run."
REQUIRED = ("run.json", "config.json", "model.skops", "out_of_fold.parquet", MODEL_CARD, VERSIONS)
NAMES = (*REQUIRED, "profile.json", "choice.json", "dropped_rows.csv")
"""In the order of the file. A run of PlanRec 0.2.0 or earlier has no profile.json, and one without rejected
rows has no dropped_rows.csv."""
_LINE = re.compile(rb"([a-z_]{1,40}\.[a-z]{1,10}) (0|[1-9][0-9]{0,10})\n")


def join_members(members: Mapping[str, bytes]) -> bytes:
    r"""Return the content of a bundle with these members.

    >>> join_members({"config.json": b"[]", "run.json": b"{}"})
    b'run.json 2\n{}\nconfig.json 2\n[]\n'
    """
    parts = [(name, members[name]) for name in NAMES if name in members]
    return b"".join(b"%b %d\n%b\n" % (name.encode(), len(member), member) for name, member in parts)


def split_members(content: bytes) -> dict[str, bytes]:
    """Return the members of a content, by name. Never call it before the signature is verified.

    Raises:
        RunError: a member is unknown, missing, repeated, out of order or shorter than its line says.
    """
    members = dict(_members_in(content))
    if missing := [name for name in REQUIRED if name not in members]:
        raise RunError(f"a bundle must hold {', '.join(REQUIRED)}; it lacks {', '.join(missing)}")
    return members


def _members_in(content: bytes) -> Iterator[tuple[str, bytes]]:
    start, allowed = 0, list(NAMES)
    while start < len(content):
        line = _LINE.match(content, start)
        name = line[1].decode() if line else ""
        if line is None or name not in allowed:
            raise RunError(
                f"a bundle holds {', '.join(NAMES)} in this order, each once;"
                f" got {name or 'no member'} at byte {start:,}"
            )
        del allowed[: allowed.index(name) + 1]
        end = line.end() + int(line[2])
        if content[end : end + 1] != b"\n":
            raise RunError(f"the member {name} of a bundle must have {int(line[2]):,} bytes and a line end")
        yield name, content[line.end() : end]
        start = end + 1
