"""The documentation site has every page, builds without warnings, and loads nothing from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

INDEX = (REPOSITORY / "docs" / "index.md").read_text("utf-8")
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]* src="[^"]+"|<link[^>]*rel="(?:stylesheet|icon)"[^>]*>"""
)


def test_the_index_links_every_page() -> None:
    linked = {(REPOSITORY / "docs" / link).resolve() for link in re.findall(r"\]\(([^)#\s:]+\.md)", INDEX)}
    pages = {*REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("*.md"), REPOSITORY / "outputs" / "README.md"}
    assert sorted(pages - linked - {REPOSITORY / "docs" / "index.md"}) == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `just site` builds it, warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    options = ["-W", "--keep-going", "-q", "-c", "docs", "-d", str(folder / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, ".", str(folder / "site")]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert (built.returncode, built.stderr) == (0, "")
    return folder / "site"


@pytest.mark.slow
def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 70
    loaded = {found for page in pages for found in LOADED.findall(page.read_text("utf-8"))}
    assert loaded
    assert [tag for tag in loaded if "//" in tag] == []
    styles = "".join(file.read_text("utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?(?:https?:)?//[^)]*\)|@import[^;]*", styles) == []


@pytest.mark.slow
def test_the_search_index_is_a_script_that_works_from_a_folder(site: Path) -> None:
    assert (site / "searchindex.js").read_text("utf-8").startswith("Search.setIndex(")
    assert 'src="searchindex.js"' in (site / "search.html").read_text("utf-8")


@pytest.mark.slow
def test_public_names_of_python_are_in_the_site(site: Path) -> None:
    import planrec

    page = (site / "docs" / "reference" / "python.html").read_text("utf-8")
    assert [name for name in planrec.__all__ if f'id="planrec.{name}"' not in page] == []
