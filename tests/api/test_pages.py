"""The pages and their files: headers, caching, compression, languages and sizes."""

import gzip
import json
import re

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.pages.asset_files import FOLDER, Assets, assets
from api.pages.view_page import VIEW_PATHS
from api.settings import Server, Settings
from planrec.metrics import METRICS
from planrec.runs.read import load_run

STATIC = FOLDER / "static"
MOST_BYTES = 100_000
"Most bytes that a view loads, uncompressed."
VIEW_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def files_of(page: str) -> list[str]:
    return re.findall(r'"(/assets/[^"]+)"', page)


def modules_of(name: str) -> set[str]:
    """Return the names of a module and of all that it imports."""
    found, new = set(), {name}
    while new:
        found |= new
        texts = [(STATIC / module).read_text("utf-8") for module in new]
        new = {other for text in texts for other in re.findall(r'from "\./([\w-]+\.js)"', text)} - found
    return found


@pytest.mark.parametrize(("view", "path"), VIEW_PATHS.items())
def test_a_view_loads_its_own_files_only(live_client, view, path):
    page = live_client.get(path)
    directives = [part.strip().partition(" ") for part in page.headers["content-security-policy"].split(";")]
    assert {name: value for name, _, value in directives} == VIEW_POLICY
    assert "http" not in page.text
    assert not re.search(r"<style|style=|<script>|onclick", page.text)
    files = files_of(page.text)
    assert {f"{assets().prefix}/{name}" for name in ("shell.js", f"{view}.js", f"{view}.css")} < set(files)
    for file in files:
        assert live_client.get(file).status_code == 200


@pytest.mark.parametrize("view", VIEW_PATHS)
def test_a_view_loads_at_most_100_kb(view):
    scripts = modules_of("shell.js") | modules_of(f"{view}.js")
    names = {"tokens.css", "app.css", f"{view}.css", "logo.svg", "texts/es.json"} | scripts
    assert sum(len(assets().files[name].body) for name in names) <= MOST_BYTES


def test_files_are_compressed_and_kept_for_a_year(live_client):
    for file in files_of(live_client.get("/docs").text) + files_of(live_client.get("/").text):
        answer = live_client.get(file, headers={"accept-encoding": "gzip"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "accept-encoding")
        plain = live_client.get(file, headers={"accept-encoding": "gzip;q=0, br"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
        again = live_client.get(file, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_viewer_of_the_document_is_loaded_once_and_small(live_client):
    [file] = [file for file in files_of(live_client.get("/docs").text) if "rapidoc" in file]
    with live_client.stream("GET", file, headers={"accept-encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert len(sent) < 250_000
    assert gzip.decompress(sent).startswith(b"/*! RapiDoc 9.3.8")
    for name, start in {"rapidoc.LICENSE.txt": "MIT License", "rapidoc-min.js.LICENSE.txt": "/*!"}.items():
        assert live_client.get(f"{assets().prefix}/{name}").text.lstrip().startswith(start)


@pytest.mark.parametrize("path", ["/docs", *VIEW_PATHS.values()])
def test_a_page_is_checked_at_every_visit_and_not_sent_again(live_client, path):
    first = live_client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = live_client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_the_address_of_the_files_changes_with_any_of_them(tmp_path):
    one, two = tmp_path / "one.css", tmp_path / "two.css"
    one.write_text("a {}", "utf-8")
    two.write_text("b {}", "utf-8")
    version = Assets.of([("one.css", one), ("two.css", two)]).version
    assert Assets.of([("two.css", two), ("one.css", one)]).version == version
    assert Assets.of([("one.css", one), ("three.css", two)]).version != version
    two.write_text("c {}", "utf-8")
    assert Assets.of([("one.css", one), ("two.css", two)]).version != version


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "en", "en"),
        ("", "es-PE", "es"),
        ("?lang=es", "en", "es"),
        ("?lang=en", "es", "en"),
        ("?lang=xx", "es", "es"),
    ],
)
def test_a_page_is_in_the_requested_language(live_client, query, accepted, language):
    page = live_client.get(f"/{query}", headers={"accept-language": accepted})
    assert f'<html lang="{language}"' in page.text
    assert page.headers["vary"] == "accept-language"
    assert ("Campaña" in page.text) == (language == "es")


@pytest.mark.parametrize(
    "name", ["%00", "a" * 5_000, "..", "%2e%2e/docs.html", "..%2f__init__.py", "no.js", "", "texts"]
)
def test_other_names_than_files_of_the_page_are_not_found(live_client, name):
    for version in (assets().version, "0"):
        answer = live_client.get(f"/assets/{version}/{name}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:planrec:problem:not_found")


def test_a_view_answers_head_and_other_paths_are_not_found(live_client):
    answer = live_client.head("/app/runs")
    assert (answer.status_code, answer.content) == (200, b"")
    assert live_client.get("/app").status_code == 404
    assert live_client.get("/app/none").status_code == 404


def test_the_page_has_no_foreign_prefix(bill_run):
    settings = Settings(server=Server(root_path="/planrec"))
    with TestClient(create_app(load_run(bill_run), settings=settings)) as client:
        page = client.get("/docs").text
    assert set(re.findall(r'"(/[^"/]+)/', page)) == {"/planrec"}


def texts(language: str) -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = json.loads(
        (STATIC / "texts" / f"{language}.json").read_text("utf-8")
    )
    return content


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_both_languages_have_the_same_texts_and_placeholders():
    english, spanish = (
        {(section, name): text for section, named in texts(language).items() for name, text in named.items()}
        for language in ("en", "es")
    )
    assert list(english) == list(spanish)
    assert [key for key, text in english.items() if placeholders(text) != placeholders(spanish[key])] == []
    assert [key for key, text in (english | spanish).items() if not text.strip()] == []


def test_every_used_text_exists():
    scripts = "\n".join(
        re.sub(r"^//.*$", "", file.read_text("utf-8"), flags=re.M) for file in STATIC.glob("*.js")
    )
    frame = (FOLDER / "view.html").read_text("utf-8")
    used = set(re.findall(rf'"((?:{"|".join(["shell", *VIEW_PATHS])})\.\w+)"', scripts + frame))
    known = {f"{section}.{name}" for section, named in texts("en").items() for name in named}
    assert used <= known


def test_every_metric_with_one_value_has_words():
    single = {name for name, metric in METRICS.items() if metric.groups is None}
    named = {key.removeprefix("metric_") for key in texts("en")["shell"] if key.startswith("metric_")}
    [listed] = re.findall(r"NAMED = new Set\(\[(.*?)\]\)", (STATIC / "metrics.js").read_text("utf-8"), re.S)
    assert named == set(re.findall(r'"(\w+)"', listed)) == single


def test_plural_texts_have_a_text_for_one():
    for section, named in texts("en").items():
        for name in named:
            if name.endswith("_one"):
                assert name.removesuffix("_one") in named, (section, name)


def test_no_text_replaces_another_one_by_a_plural_ending():
    endings = ("zero", "two", "few", "many", "other")
    pairs = [(name, name.rpartition("_")) for named in texts("en").values() for name in named]
    bases = {name for named in texts("en").values() for name in named}
    assert [name for name, (base, _, ending) in pairs if ending in endings and base in bases] == []
