"""Reports and boards in a browser: accessibility, widths, schemes of colours, print."""

import shutil

import pytest

from planrec.cli import main
from tests.page.conftest import AXE, SCHEMES, WIDTHS

pytestmark = pytest.mark.slow

PAGES = ("report", "sweep", "board")


@pytest.fixture(scope="module")
def pages(bill_run, row_run, history_run, tmp_path_factory):
    """Write a report about one run, one about several, and a board."""
    folder = tmp_path_factory.mktemp("pages")
    again = shutil.copytree(bill_run, folder / "again")
    commands = {
        "report": ["report", bill_run, "--output"],
        "sweep": ["report", bill_run, again, row_run, "--output"],
        "board": ["leaderboard", bill_run, row_run, history_run, "--html"],
    }
    for name, words in commands.items():
        assert main([*map(str, words), str(folder / f"{name}.html")]) == 0
    return folder


@pytest.fixture
def opened(browser, pages):
    """Return a function that opens a page; nothing may be logged to the console."""
    contexts, logged = [], []

    def open_page(name, scheme="light", width=1280, **options):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 844}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: logged.append(message.text))
        page.goto((pages / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert logged == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_have_no_violation_and_never_scroll_sideways(opened, name, scheme, width):
    page = opened(name, scheme, width, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate(AXE)
    violations = page.evaluate("axe.run().then(found => found.violations)")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == []


def test_a_dark_page_is_dark(opened):
    grounds = [
        opened("report", scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in SCHEMES
    ]
    assert len(set(grounds)) == 2


@pytest.mark.parametrize(("name", "column"), [("report", 2), ("sweep", 2), ("board", 2)])
def test_names_and_ranking_metric_are_visible_on_a_phone(opened, name, column):
    page = opened(name, width=390)
    row = page.locator("table.with-plot").first.locator("tbody tr").first
    for cell in (row.locator("th"), row.locator("td").nth(column - 1)):
        box = cell.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert cell.inner_text().strip() != ""


def test_folded_parts_are_open_on_paper(opened):
    page = opened("report")
    folded = page.locator("details table").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    assert folded.bounding_box()["height"] > 100


def test_a_link_in_the_ranking_unfolds_the_run(opened):
    page = opened("sweep")
    assert not page.locator("#run-2").is_visible()
    page.locator("a[href='#run-2']").click()
    assert page.locator("#run-2").is_visible()
