"""`just pictures`: take the pictures of the adviser in docs/pictures/ from the page in build/site/adviser."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "build" / "site" / "adviser" / "index.html"
FOLDER = REPOSITORY / "docs" / "pictures"
PICTURES = {
    "adviser_light": ("en", "light", 1280, 820),
    "adviser_dark": ("en", "dark", 1280, 820),
    "adviser_es": ("es", "light", 1280, 820),
    "adviser_phone": ("en", "light", 390, 844),
}
"""Name -> language, colours, width and height."""


def main() -> None:
    """Take every picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (language, colours, width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
            page.goto(f"{PAGE.as_uri()}?lang={language}")
            page.select_option("#held", "plus")
            page.fill("#usage-data", "8")
            page.wait_for_selector(".verdict.recommend")
            page.evaluate("document.querySelector('.notice').remove(); document.activeElement.blur()")
            page.screenshot(path=FOLDER / f"{name}.png")
            print(f"wrote docs/pictures/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
