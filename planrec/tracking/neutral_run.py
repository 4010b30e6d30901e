"""A copy of a run for other machines: no rows of subscribers, and no folders of this machine."""

import json
import os
import re
import shlex
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet

from planrec.errors import RunError
from planrec.files.hashing import sha256_of
from planrec.files.json_file import JsonObject, parse_object
from planrec.runs.manifest import DROPPED_ROWS
from planrec.runs.read import checked_bytes

RUN_JSON, ROWS = "run.json", "out_of_fold.parquet"
_START = r"(?:[A-Za-z]:[/\\]|~(?:[A-Za-z_][\w.-]*)?[/\\]|[/\\](?!\s|$))"
"The beginning of an absolute path, also of Windows and of a file server; not a slash between blanks."
_BEFORE = r"""(?:[\s=\[{(<>|;,"'`]|(?<!http)(?<!https):)"""
_NEXT = rf"{_BEFORE}(?:{_START}|https?://)|\s[/\\]\s"
# Folders may have blanks, commas and brackets, so all is removed up to the last slash before the next path:
# losing words of a note is better than sending the name of a person.
_FOLDERS = re.compile(rf"(^|{_BEFORE}){_START}(?:(?:(?!{_NEXT}).)*[/\\])?")
_USER = re.compile(r"//\S*@")
_HOMES = r"(?:[A-Za-z]:)?[/\\](?:home|[Uu]sers)[/\\]"
"The folder of the home folders, whose names are those of persons."
_HOME = re.compile(rf"""(?<![\w.~-])({_HOMES})[^/\\,;:'"`|=(){{}}<>\[\]]+""")


def neutral_copy(run_json: bytes, folder: Path, target: Path) -> JsonObject:
    """Write the copy of a run, which `load_run` reads and which gives the same answers.

    Absolute paths become names of files. The out-of-fold table, which has a row per subscriber, keeps its
    columns only. So the hashes in run.json are those of the copied files.

    Args:
        run_json: the content of the original run.json.
        folder: the folder of the run.
        target: an empty folder.

    Returns:
        The content of the copied run.json.

    Raises:
        RunError: a file was changed after the run was saved.
    """
    content = without_folders(parse_object(run_json, folder / RUN_JSON))
    if not isinstance(content, dict):
        raise RunError(f"{folder / RUN_JSON} must hold a JSON object")
    files = {}
    for name, sha256 in content["files"].items():
        if name != DROPPED_ROWS:
            copied = _neutral(name, checked_bytes(folder, name, sha256), folder / name)
            (target / name).write_bytes(copied)
            files[name] = sha256_of(copied)
    content["files"] = files
    (target / RUN_JSON).write_text(json.dumps(content, indent=1), "utf-8")
    return content


def _neutral(name: str, content: bytes, file: Path) -> bytes:
    if name.endswith(".json"):
        return json.dumps(without_folders(parse_object(content, file))).encode()
    if name != ROWS:
        return content
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(parquet.read_schema(pyarrow.BufferReader(content)).empty_table(), sink)
    return bytes(sink.getvalue().to_pybytes())


def without_folders(value: object) -> object:
    r"""Return a JSON value whose texts have names of files in place of absolute paths.

    Examples:
        >>> without_folders({"path": "/home/ana maria/months.csv", "seed": 0})
        {'path': 'months.csv', 'seed': 0}
        >>> without_folders({"command": "planrec train 'data.path=/home/ana maria/months.csv'"})
        {'command': 'planrec train data.path=months.csv'}
        >>> without_folders(["3 rows of /srv/in/months.csv, see https://example.org/a/b", "calls / months"])
        ['3 rows of months.csv, see https://example.org/a/b', 'calls / months']
        >>> without_folders(r"3 rows of C:\Users\ana maria\months.csv and //crm/share/old.csv")
        '3 rows of months.csv and old.csv'
        >>> without_folders(["/home/ana", "the folder is /Users/ana"])
        ['home', 'the folder is home']
    """
    if isinstance(value, dict):
        return {
            key: _command(item) if key == "command" else without_folders(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_folders(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    if re.match(_START, text):
        path = text.rstrip("/\\")
        is_home = path == os.path.expanduser("~") or re.fullmatch(rf"{_HOMES}[^/\\]+", path)
        return "home" if is_home else re.split(r"[/\\]", path)[-1]
    return _FOLDERS.sub(r"\1", _HOME.sub(r"\1home", _USER.sub("//", text)))


def _command(command: object) -> object:
    """Return a shell command without folders; its words may contain blanks."""
    lexer = shlex.shlex(str(command), posix=True, punctuation_chars=False)
    # Recorded commands are quoted without backslashes: one is part of a path of Windows.
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return shlex.join(map(_text, lexer))
    except ValueError:
        return "planrec"
