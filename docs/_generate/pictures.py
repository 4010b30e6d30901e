"""`just pictures`: take the pictures of the web page in docs/pictures/ from a server over two small runs."""

import csv
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from time import sleep

import httpx
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs" / "pictures"
EXAMPLES = REPOSITORY / "docs" / "examples"
TRAININGS = (
    ("model=lgbm", "data.n_subscribers=300"),
    ("model=forecast", "policy=guarded", "data.n_subscribers=300"),
)
"Overrides of the runs; the last one is pinned."
N_MONTHS = 6
"Months in the request for each subscriber of the example file."
PATIENCE_SECONDS = 60
PICTURES = {
    "adviser_light": ("", "en", "light", 1280, 820),
    "adviser_dark": ("", "en", "dark", 1280, 820),
    "adviser_es": ("", "es", "light", 1280, 820),
    "adviser_phone": ("", "es", "dark", 390, 844),
    "runs": ("app/runs", "en", "light", 1280, 900),
    "campaign": ("app/campaign", "en", "light", 1280, 1100),
    "operate": ("app/operate", "en", "light", 1280, 1100),
}
"""Name -> path, language, colours, width and height."""


def main() -> None:
    """Train, serve, give some answers, and take every picture."""
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary)) as address:
        ask_for_all(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for name, (path, language, colours, width, height) in PICTURES.items():
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme=colours,
                    reduced_motion="reduce",
                )
                page.goto(f"{address}/{path}?lang={language}")
                page.wait_for_selector("main:not([aria-busy])")
                {"": adviser, "app/campaign": campaign, "app/operate": operate}.get(path, runs)(page)
                page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
                page.screenshot(path=FOLDER / f"{name}.png")
                print(f"wrote docs/pictures/{name}.png")
            browser.close()


@contextmanager
def served(outputs: Path) -> Iterator[str]:
    """Train the runs into a folder, pin the last one, and yield the address of a server."""
    for overrides in TRAININGS:
        planrec("train", *overrides, "--outputs", str(outputs))
    planrec("pin", "latest", "--reason", "spring prices", "--outputs", str(outputs))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "planrec", "serve", "--outputs", str(outputs), "--port", str(port)]
    server = subprocess.Popen(command, cwd=REPOSITORY)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def planrec(*words: str) -> None:
    """Run a command, which must succeed."""
    subprocess.run([sys.executable, "-m", "planrec", *words], check=True, cwd=REPOSITORY)


def wait_until_ready(address: str) -> None:
    """Wait until the server answers."""
    for _ in range(PATIENCE_SECONDS):
        try:
            if httpx.get(f"{address}/ready").is_success:
                return
        except httpx.TransportError:
            pass
        sleep(1)
    raise SystemExit(f"no server at {address}")


def ask_for_all(address: str) -> None:
    """Ask for advice for each subscriber of the example file, so that the server has answers to show."""
    with (EXAMPLES / "months.csv").open(encoding="utf-8", newline="") as file:
        for subscriber, rows in groupby(csv.DictReader(file), key=lambda row: row.pop("subscriber")):
            months = list(rows)[-N_MONTHS:]
            held = [month.pop("plan_held") for month in months][-1]
            body = {
                "subscriber": subscriber,
                "plan_held": held,
                "months": [
                    {
                        name: value if name == "month" else float(value) if "." in value else int(value)
                        for name, value in month.items()
                    }
                    for month in months
                ],
            }
            httpx.post(f"{address}/predict", json=body).raise_for_status()


def adviser(page: Page) -> None:
    """Set the usage, and wait for advice to change plan."""
    page.select_option("#held", "plus")
    page.fill("#usage-data", "8")
    page.wait_for_selector(".verdict.recommend")


def runs(page: Page) -> None:
    """Choose both runs."""
    for box in page.locator(".run input").all():
        box.check()


def campaign(page: Page) -> None:
    """Score the example file with a rule."""
    page.set_input_files("#months", EXAMPLES / "months.csv")
    page.fill("#minimum_saving", "2")
    page.locator("button[type=submit]").click()
    page.wait_for_selector("#result-title")


def operate(page: Page) -> None:
    """Show the page as it opens; the answers of the whole file are in it."""
    page.wait_for_selector(".columns[role=img]")


if __name__ == "__main__":
    main()
