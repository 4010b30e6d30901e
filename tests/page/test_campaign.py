"""The view of campaigns in a browser: a file is uploaded, scored and shown; every state in both languages."""

import json
import re

import pandas as pd
import pytest

from tests.page.conftest import LANGUAGES, SCHEMES, WIDTHS, overflow
from tests.serving.scoring.test_score import months_table

pytestmark = pytest.mark.slow
VIEW = "/app/campaign"
SECONDS = 60_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A months file with a bad row, and one of a subscriber who objected."""
    folder = tmp_path_factory.mktemp("files")
    table = months_table(n=60)
    table["region"] = [("North", "South")[int(name[1:]) % 2] for name in table["subscriber"]]
    table.loc[7, "sms"] = -4
    table.to_csv(folder / "june.csv", index=False)
    (folder / "no.csv").write_text("subscriber\ns0003\nunknown\n", "utf-8")
    return folder


def score(page, files):
    page.set_input_files("#months", files / "june.csv")
    page.locator("button[type=submit]").click()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_becomes_figures_in_every_language_scheme_and_width(
    open_view, violations, keep, files, language, scheme
):
    page = open_view(VIEW, scheme=scheme, language=language)
    for state in ("empty", "missing", "refused", "result"):
        if state == "missing":
            page.locator("button[type=submit]").click()
            assert page.locator("#months").get_attribute("aria-invalid") == "true"
        elif state == "refused":
            page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
            page.set_input_files("#do_not_contact", files / "no.csv")
            page.fill("#segment_column", "region")
            page.fill("#template_en", "{plam}")
            score(page, files)
            page.wait_for_selector("#form-error:not([hidden])")
        elif state == "result":
            page.fill("#template_en", "{plan} saves {saving} a month.")
            page.fill("#template_es", "Con {plan} ahorrará {saving} al mes.")
            page.locator("button[type=submit]").click()
            page.wait_for_selector("#result-title", timeout=SECONDS)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) == 0
            assert violations(page) == []
            keep(page, f"campaign-{state}-{language}-{scheme}-{width}")
    words = page.locator(".result").inner_text()
    assert "june.csv" in words
    assert "'sms' must be >= 0" in words
    assert page.locator("caption", has_text={"en": "By segment", "es": "Por segmento"}[language]).count() == 1
    page.get_by_role("button", name={"en": "Delete", "es": "Borrar"}[language]).click()
    page.wait_for_selector(".empty")


def test_the_downloads_are_the_rows_and_their_manifest(open_view, files, tmp_path):
    page = open_view(VIEW)
    score(page, files)
    page.wait_for_selector("#result-title", timeout=SECONDS)
    for name in ("list", "manifest"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download the {name}").click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    rows = pd.read_csv(tmp_path / "campaign.csv")
    manifest = json.loads((tmp_path / "campaign.csv.manifest.json").read_text("utf-8"))
    n = manifest["summary"]["figures"]["contacted"]
    assert rows["contact"].sum() == n > 0
    assert page.locator("#result-title").inner_text().startswith(f"Contact {n} subscribers")
    page.reload()
    page.wait_for_selector("#result-title")
    page.get_by_role("button", name="Delete").click()


def test_the_text_of_a_message_is_checked_while_it_is_typed(open_view):
    page = open_view(VIEW)
    page.fill("#template_es", "Con {plan} ahorrará {saving} al mes.")
    field = page.locator(".field", has=page.locator("#template_es"))
    assert re.search(r"Con \S+ ahorrara 12,40 US\$ al mes\.\s+\d\d of 160 characters", field.inner_text())
    page.fill("#template_es", "{plam} " + "x" * 160)
    assert "No such placeholder: {plam}. At most 160 characters" in field.inner_text()
    page.fill("#template_es", "тариф")
    assert "5 of 134 characters" in field.inner_text()


def test_a_job_that_fails_shows_its_reasons(open_view, violations, keep, files):
    page = open_view(VIEW)
    page.get_by_text("Columns of the months file").click()
    page.fill("#segment_column", "regon")
    score(page, files)
    page.wait_for_selector(".notice.bad", timeout=SECONDS)
    assert "no column 'regon' (did you mean 'region'?)" in page.locator(".notice.bad").inner_text()
    assert violations(page) == []
    keep(page, "campaign-failed-en-light-1280")


def test_a_server_that_is_gone_comes_back_with_the_job(open_view, files):
    page = open_view(VIEW)
    score(page, files)
    page.wait_for_selector("#result-title", timeout=SECONDS)
    lost = re.compile("/campaigns/|/ready")
    page.route(lost, lambda route: route.abort())
    page.get_by_role("button", name="Download the manifest").click()
    page.wait_for_selector(".banner p")
    page.unroute(lost)
    page.wait_for_selector("body:not(.stale)", timeout=10_000)
    assert page.locator("#result-title").count() == 1
    page.get_by_role("button", name="Delete").click()


def test_the_sample_file_has_the_columns_that_the_run_reads(open_view, tmp_path):
    page = open_view(VIEW)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a sample file").click()
    download.value.save_as(tmp_path / "months.csv")
    page.set_input_files("#months", tmp_path / "months.csv")
    page.locator("button[type=submit]").click()
    page.wait_for_selector("#result-title", timeout=SECONDS)
    assert "of 2 subscribers" in page.locator(".tiles").inner_text()
    page.get_by_role("button", name="Delete").click()


def test_an_upload_can_be_cancelled(open_view, files):
    page = open_view(VIEW, before=lambda page: page.route("**/campaigns", lambda route: None))
    score(page, files)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector(".empty")
    assert page.locator("button[type=submit]").is_enabled()


def test_a_result_that_cannot_be_deleted_stays_and_says_so(open_view, files):
    page = open_view(VIEW)
    score(page, files)
    page.wait_for_selector("#result-title", timeout=SECONDS)
    problem = json.dumps({"title": "Service Unavailable", "detail": "try again later"})
    page.route(
        "**/campaigns/*",
        lambda route: (
            route.fulfill(status=503, body=problem) if route.request.method == "DELETE" else route.continue_()
        ),
    )
    page.get_by_role("button", name="Delete").click()
    page.wait_for_selector("#form-error:not([hidden])")
    assert page.locator("#form-error").inner_text() == "try again later"
    page.unroute_all()
    page.reload()
    page.wait_for_selector("#result-title")
    page.get_by_role("button", name="Delete").click()
    page.wait_for_selector(".empty")
    page.reload()
    page.wait_for_selector(".empty")
