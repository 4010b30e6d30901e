"""Files of other projects are kept byte for byte, with their licence, in a folder of their own."""

import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
VENDORED = REPOSITORY / "api" / "pages" / "vendored"


@pytest.mark.parametrize("folder", sorted(VENDORED.iterdir()), ids=lambda folder: folder.name)
def test_vendored_files_have_the_hashes_of_their_readme(folder: Path) -> None:
    rows = re.findall(
        r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (folder / "README.md").read_text("utf-8"), re.M
    )
    files = {file.name for file in folder.iterdir()} - {"README.md"}
    assert "LICENSE.txt" in files
    assert dict(rows) == {name: sha256((folder / name).read_bytes()).hexdigest() for name in files}


def test_git_marks_vendored_files_and_no_others() -> None:
    tracked = ("api/pages/vendored/rapidoc/rapidoc-min.js", "api/pages/static/docs.js", "api/app.py")
    told = subprocess.run(
        ["git", "check-attr", "linguist-vendored", *tracked],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    assert [line.rsplit(": ", 1)[1] for line in told.stdout.splitlines()] == [
        "set",
        "unspecified",
        "unspecified",
    ]
