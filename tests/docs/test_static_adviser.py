"""The adviser of the documentation site, which answers without a server, also from a folder."""

import re
import shutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY, SMALL_BILLS


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY / "docs" / "_generate")
    return import_module("static_adviser")


def test_the_script_joins_all_modules_of_the_page_each_after_those_it_imports(generator: ModuleType) -> None:
    script = generator.bundle()
    assert re.findall(r"^\s*(?:import|export) |import\.meta|import\(", script, flags=re.MULTILINE) == []
    defined = re.findall(r"^const (module_\w+) = \(\(\) => \{$", script, flags=re.MULTILINE)
    assert {"module_shell", "module_adviser", "module_api", "module_adviser_form"} <= set(defined)
    for used in re.finditer(r"\} = (module_\w+);|= (module_\w+);", script):
        name = used[1] or used[2]
        assert script.index(f"const {name} = (() =>") < used.start()


def test_the_page_has_relative_addresses_only(generator: ModuleType) -> None:
    addresses = re.findall(r'(?:src|href)="([^"]*)"', generator.page())
    assert {"adviser.css", "adviser_page.js", "../docs/index.html"} <= set(addresses)
    assert [address for address in addresses if address.startswith("/") or ":" in address] == []


@pytest.mark.slow
def test_the_page_answers_in_a_browser_from_a_folder(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    monkeypatch.setattr(generator, "RUN", ("model=forecast", *SMALL_BILLS))
    monkeypatch.setattr(generator, "DATA_GIB", (5, 40))
    generator.write_adviser(tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{(tmp_path / 'index.html').as_uri()}?lang=es")
        page.select_option("#held", "unlimited")
        page.fill("#usage-data", "5")
        page.wait_for_selector(".verdict.recommend")
        assert "ejecución pequeña" in page.inner_text(".notice")
        page.select_option("#held", "mini")
        page.fill("#usage-data", "40")
        page.wait_for_selector(".verdict.recommend")
        assert problems == []
        browser.close()
