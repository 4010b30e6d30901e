"""docs/explanation/architecture.md agrees with the tree and the order of imports; pages name real files."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PAGE = (REPOSITORY / "docs" / "explanation" / "architecture.md").read_text("utf-8")
TREE, LAYERS = re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


def test_the_tree_shows_every_package_and_module_at_the_top_of_planrec() -> None:
    public = {
        file.name
        for file in (REPOSITORY / "planrec").iterdir()
        if (file / "__init__.py").is_file() or re.fullmatch(r"[a-z]\w*\.py", file.name)
    }
    inside_planrec = TREE.partition("\napi/")[0]
    # train.py is a second spelling of the command.
    assert public - set(re.findall(r"\w+(?:\.py)?", inside_planrec)) == {"train.py"}


def test_the_tree_shows_only_folders_that_exist() -> None:
    top = re.findall(r"^(\w+)/", TREE, flags=re.MULTILINE)
    shown = [
        f"{top[0]}/{name}" for name in re.findall(r"(?<![\w/])(\w+)/(?=\s)", TREE.partition("\napi/")[0])[1:]
    ]
    assert [name for name in [*top, *shown] if not (REPOSITORY / name).is_dir()] == []


def test_the_order_of_rooms_is_that_of_the_import_contract() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    # Parentheses: a room that need not exist yet.
    checked = [sorted(re.split(" [|:] ", re.sub(r"planrec\.|[()]", "", row))) for row in contract["layers"]]
    assert [sorted(line.split(", ")) for line in LAYERS.splitlines()] == checked


def test_every_module_named_in_a_page_exists() -> None:
    rooms = {folder.name for folder in (REPOSITORY / "planrec").iterdir() if folder.is_dir()}
    missing = []
    for page in PAGES:
        if page.name == "CHANGELOG.md":
            continue
        for path in re.findall(r"`((?:\w+/)+\w+\.py)`", page.read_text("utf-8")):
            base = "planrec" if path.partition("/")[0] in rooms else ""
            if not (REPOSITORY / base / path).is_file() and not (REPOSITORY / path).is_file():
                missing.append(f"{page.relative_to(REPOSITORY)}: {path}")
    assert missing == []


def test_every_link_to_a_heading_finds_one() -> None:
    broken = []
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text("utf-8")):
            text = (page.parent / target).read_text("utf-8") if target else page.read_text("utf-8")
            headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
            if anchor not in {_anchor(heading) for heading in headings}:
                broken.append(f"{page.relative_to(REPOSITORY)}: {target}#{anchor}")
    assert broken == []


def _anchor(heading: str) -> str:
    """Return the anchor of a Markdown heading, e.g. `what-planrec-does` for `What PlanRec does`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
