"""One server and one browser for the tests of the web page; they are skipped if there is no chromium.

A test of a view needs three fixtures: `open_view` opens a page, `violations` runs axe on it, and `keep`
stores a screenshot in the folder PLANREC_SCREENSHOTS, or in a temporary one.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.middleware.api_keys import hash_of
from planrec.serving.pin_run import pin_run
from tests.api.processes import Server, serving
from tests.conftest import SMALL_BILLS, trained_once
from tests.trained_runs import edit_run

KEY = "planrec_example"
"The API key that the server of the page requires; `open_view` gives it to the page."
AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "es")
READY = "main:not([aria-busy])"


@pytest.fixture(scope="session")
def forecast_run(shared_folder: Path) -> Path:
    """Return the folder of a small run that forecasts bills, the same as for the tests of the API."""
    options = ("model=forecast", "policy=best_bill", "model.n_draws=32", "baselines=[]")
    return trained_once(shared_folder / "forecast", *SMALL_BILLS, *options)


@pytest.fixture(scope="session")
def page_outputs(forecast_run: Path, bill_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two runs, `one` (pinned, forecasts bills) and `two`."""
    outputs = tmp_path_factory.mktemp("page")
    for name, run in {"one": forecast_run, "two": bill_run}.items():
        copy = shutil.copytree(run, outputs / "2030-01-31" / name)
        edit_run(copy, lambda manifest, name=name: manifest.update(run_id=f"2030-01-31/{name}"))
    pin_run(outputs / "2030-01-31" / "one", outputs)
    return outputs


@pytest.fixture(scope="session")
def page_server(page_outputs: Path) -> Iterator[Server]:
    """Yield a server that requires `KEY`."""
    with serving(page_outputs, PLANREC_ACCESS__KEY_HASHES=hash_of(KEY.encode())) as server:
        server.wait_for("Application startup complete")
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Yield a browser of this module: Playwright keeps an event loop running in the thread of its tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="install planrec[dev]")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not on PATH: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_view(browser: Any, page_server: Server) -> Iterator[Callable[..., Any]]:
    """Yield a function that opens a path of the server; at the end no page may have reported an error."""
    errors: list[str] = []
    contexts = []

    def opened(
        path: str = "/",
        *,
        width: int = 1280,
        scheme: str = "light",
        language: str = "en",
        key: str | None = KEY,
        before: Callable[[Any], object] = lambda page: None,
    ) -> Any:
        """Open a view and wait until it can be used.

        Args:
            path: of the server.
            width: of the window.
            scheme: light or dark.
            language: of the browser.
            key: API key of the page; None for none, then the page asks for one.
            before: gets the page before it is opened, to change answers of the server.
        """
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale={"en": "en-US", "es": "es-ES"}[language],
            reduced_motion="reduce",
        )
        contexts.append(context)
        if key is not None:
            context.add_init_script(f"sessionStorage.setItem('planrec.key', {json.dumps(key)})")
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        before(page)
        page.goto(f"http://127.0.0.1:{page_server.port}{path}")
        if key is not None:
            page.wait_for_selector(READY)
        return page

    yield opened
    for context in contexts:
        context.close()
    # The browser itself reports answers that are errors, which tests may provoke.
    assert [error for error in errors if not error.startswith("Failed to load resource")] == []


@pytest.fixture(scope="session")
def violations() -> Callable[[Any], list[str]]:
    """Return a function that lists the rules of accessibility that a page breaks, by axe."""

    def found(page: Any) -> list[str]:
        page.evaluate(AXE)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html'][:200]}" for rule in result["violations"] for node in rule["nodes"]
        ]

    return found


@pytest.fixture(scope="session")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any, str], None]:
    """Return a function that stores a screenshot of a whole page as NAME.png."""
    named = os.environ.get("PLANREC_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)

    def kept(page: Any, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return kept


def overflow(page: Any) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(width, 0)
