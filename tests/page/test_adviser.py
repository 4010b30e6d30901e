"""The adviser in a browser: every scheme, language, width and state."""

import json
import re
from itertools import product

import pytest

from planrec.serving.decision_log import find_decision
from planrec.serving.pin_run import pin_run
from tests.page.conftest import KEY, LANGUAGES, READY, SCHEMES, WIDTHS, overflow

pytestmark = pytest.mark.slow
PREVIEW = "**/predict/preview"
DECISIONS = {
    "recommend": {"en": "Change to", "es": "Cambie a"},
    "stay": {"en": "Stay", "es": "Siga como está"},
    "abstain": {"en": "No advice yet", "es": "Aún sin consejo"},
}
MONTHS = (
    "month,voice_calls,voice_minutes,sms,data_mib\n2026-01,58,410.5,31,16900\n2026-02,66,471.25,40,18100\n"
)


def verdict(page):
    return page.locator(".verdict").inner_text()


def changed_json(pattern, change):
    """Return a function that changes an answer of the server on its way to the page."""

    def changing(page):
        def handle(route):
            response = route.fetch()
            content = response.json()
            change(content)
            route.fulfill(response=response, body=json.dumps(content))

        page.route(pattern, handle)

    return changing


def lead_to(page, decision):
    """Fill in the form so that the run decides so."""
    if decision == "stay":
        page.locator("#held").select_option("plus")
    if decision == "abstain":
        page.locator("label[for=mode-months]").click()
        page.locator("#months").fill(MONTHS)
    page.wait_for_selector(f".verdict.{decision}")
    page.wait_for_selector(".answer:not([aria-busy])")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("decision", DECISIONS)
def test_every_decision_is_accessible_and_fits_the_screen(open_view, violations, keep, decision, language):
    page = open_view(language=language)
    lead_to(page, decision)
    assert verdict(page).startswith(DECISIONS[decision][language])
    assert page.evaluate("document.documentElement.lang") == language
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert overflow(page) == 0
        assert violations(page) == []
        keep(page, f"adviser-{decision}-{language}-{scheme}-{width}")


def test_a_slider_changes_the_answer_without_a_row_in_the_log(open_view, page_outputs):
    page = open_view()
    before = page.locator(".plans").inner_text()
    with page.expect_response(PREVIEW) as sent:
        page.locator("#usage-data").fill("45")
    page.wait_for_function("before => document.querySelector('.plans').innerText !== before", arg=before)
    name = sent.value.json()["recommendation_id"]
    with pytest.raises(Exception, match="no answer"):
        find_decision(f"sqlite:///{page_outputs / 'decisions.sqlite'}", name)
    months = json.loads(sent.value.request.post_data)["months"]
    assert len(months) == 6
    assert sum(month["data_mib"] for month in months) / 6 == pytest.approx(45 * 1024)


def test_the_keyboard_reaches_everything_and_moves_a_slider(open_view):
    page = open_view()
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    sliders = ["usage-data", "usage-minutes", "usage-sms", "usage-vary"]
    assert {"Skip to content", "Runs", "Español", "held", "mode-sliders", *sliders} <= set(reached)
    page.focus("#usage-data")
    before = page.locator("output").first.inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("output").first.inner_text() != before
    assert (
        page.locator("#usage-data").get_attribute("aria-valuetext")
        == page.locator("output").first.inner_text()
    )


def test_a_screen_reader_hears_the_verdict_once_after_many_steps(open_view):
    page = open_view()
    page.evaluate(
        "window.said = []; const live = document.querySelector('body > [role=status]');"
        " new MutationObserver(() => said.push(live.textContent)).observe(live, {childList: true})"
    )
    page.wait_for_function("() => said.length === 1")
    for value in range(20, 30):
        page.locator("#usage-data").fill(str(value))
    page.wait_for_function("() => said.length === 2")
    page.wait_for_timeout(1200)
    assert len(page.evaluate("said")) == 2
    assert page.locator(".tag").inner_text() in page.evaluate("said[1]")


def test_a_chance_is_never_100_percent(open_view):
    def certain(answer):
        for item in answer["items"]:
            item["prob_cheaper"] = 1.0 if item["rank"] == 1 else 0.0

    for language, most, least in (("en", ">99%", "<1%"), ("es", ">99%", "<1%")):
        page = open_view(language=language, before=changed_json(PREVIEW, certain))
        cells = page.locator("td.of-cheaper").all_inner_texts()
        shown = {re.sub(r"\s", "", cell) for cell in cells} - {"–"}
        assert shown <= {most, least}
        assert shown


def test_own_months_are_read_and_mistakes_are_beside_the_field(open_view, violations, keep):
    page = open_view()
    page.locator("label[for=mode-months]").click()
    with page.expect_response(PREVIEW) as sent:
        page.locator("#months").fill(MONTHS)
    assert json.loads(sent.value.request.post_data)["months"][0] == {
        "month": "2026-01",
        "voice_calls": 58,
        "voice_minutes": 410.5,
        "voice_minutes_billed": 440,
        "sms": 31,
        "data_mib": 16900,
    }
    assert page.locator("#months-error").is_hidden()
    for text, message in {
        MONTHS.replace("410.5", "many"): "Line 2: voice_minutes must be a number, got “many”.",
        MONTHS.replace("sms", "shoe"): "The first line must name these columns too: sms.",
        MONTHS.replace("31", "-1"): "Line 2, sms: must be 0 or more",
    }.items():
        page.locator("#months").fill(text)
        page.wait_for_function(
            "part => document.querySelector('#months-error').textContent.includes(part)", arg=message
        )
        assert page.locator("#months").get_attribute("aria-invalid") == "true"
    assert violations(page) == []
    keep(page, "adviser-mistake-en-light-1280")
    page.locator("#months").fill(MONTHS.replace(",", ";").replace("410.5", "410,5"))
    page.wait_for_function("() => document.querySelector('#months-error').hidden")


def test_a_slow_server_keeps_the_last_figures_and_gets_the_newest_request_only(open_view):
    page = open_view()
    under_way = []
    page.route(PREVIEW, lambda route: under_way.append(route))
    before = page.locator(".plans").inner_text()
    for value in range(1, 31):
        page.locator("#usage-data").fill(str(value))
    page.wait_for_timeout(500)
    assert page.locator(".answer").get_attribute("aria-busy") == "true"
    assert page.locator(".plans").inner_text() == before
    assert len(under_way) < 15
    newest = json.loads(under_way[-1].request.post_data)["months"]
    assert sum(month["data_mib"] for month in newest) / 6 == pytest.approx(30 * 1024)
    under_way[-1].continue_()
    page.wait_for_selector(".answer:not([aria-busy])")
    assert page.locator(".plans").inner_text() != before


def test_a_server_that_is_gone_leaves_grey_figures_until_it_is_back(open_view, violations, keep):
    page = open_view()
    before = page.locator(".plans").inner_text()
    gone = lambda route: route.abort()  # noqa: E731
    page.route("**/*", gone)
    page.locator("#usage-data").fill("3")
    page.wait_for_selector(".banner:not(:empty)")
    assert "does not answer" in page.locator(".banner").inner_text()
    assert page.locator(".plans").inner_text() == before
    assert violations(page) == []
    keep(page, "adviser-gone-en-light-1280")
    page.unroute("**/*", gone)
    page.wait_for_selector(".banner:empty", state="attached")
    page.wait_for_function("before => document.querySelector('.plans').innerText !== before", arg=before)


def test_a_server_that_fails_says_so_in_the_card(open_view, violations):
    page = open_view()
    problem = {"title": "Service Unavailable", "status": 503, "detail": "no run is served yet"}
    page.route(PREVIEW, lambda route: route.fulfill(status=503, json=problem))
    page.locator("#usage-data").fill("3")
    page.wait_for_selector(".notice.bad")
    assert page.locator(".notice.bad").inner_text() == "no run is served yet"
    assert violations(page) == []


@pytest.mark.parametrize("key", [None, "planrec_expired"])
def test_a_missing_or_expired_key_is_asked_for(open_view, violations, keep, key):
    page = open_view(key=None) if key is None else opened_with(open_view, key)
    page.wait_for_selector(".key-form")
    hint = page.locator("#api-key-hint").inner_text()
    assert ("requires" in hint) if key is None else ("expired" in hint)
    assert violations(page) == []
    keep(page, f"adviser-{'no-key' if key is None else 'expired-key'}-en-light-1280")
    page.locator("#api-key").fill(f"{KEY}\u0142")
    page.keyboard.press("Enter")
    assert "letters without accents" in page.locator("#api-key-hint").inner_text()
    page.locator("#api-key").fill(KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    assert page.locator(".verdict").is_visible()
    assert page.locator(".key-form").count() == 0


def opened_with(open_view, key):
    page = open_view(key=None)
    page.evaluate("key => sessionStorage.setItem('planrec.key', key)", key)
    page.reload()
    return page


def test_a_key_that_expires_while_the_page_is_open_is_asked_for(open_view):
    page = open_view()
    page.evaluate("sessionStorage.setItem('planrec.key', 'planrec_expired')")
    page.locator("#usage-data").fill("3")
    page.wait_for_selector(".key-form")
    page.locator("#api-key").fill(KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector(".key-form", state="detached")
    page.wait_for_selector(".answer:not([aria-busy])")


def test_another_pinned_run_answers_in_the_open_page(open_view, page_outputs):
    page = open_view()
    assert "2030-01-31/one" in page.locator(".source").inner_text()
    try:
        pin_run(page_outputs / "2030-01-31" / "two", page_outputs)
        for value in range(20, 60):
            page.locator("#usage-data").fill(str(value))
            page.wait_for_timeout(250)
            if "2030-01-31/two" in page.locator(".source").inner_text():
                break
        assert "2030-01-31/two" in page.locator(".source").inner_text()
        assert page.locator(".whisker").count() == 0
    finally:
        pin_run(page_outputs / "2030-01-31" / "one", page_outputs)


def test_the_language_can_be_changed_and_is_remembered(open_view):
    page = open_view()
    page.get_by_role("link", name="Español").click()
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.lang") == "es"
    assert "US$" in page.locator(".plans").inner_text()
    page.goto(page.url.split("?")[0])
    page.wait_for_selector(READY)
    assert page.locator("h1").inner_text() == "¿Qué plan conviene con este consumo?"


def test_paper_has_the_answer_and_not_the_form(open_view, keep):
    page = open_view(scheme="dark")
    page.emulate_media(media="print")
    assert page.locator(".verdict").is_visible()
    assert "17 GiB" in page.locator(".on-paper").inner_text()
    assert not page.locator("form.usage").is_visible()
    assert not page.locator("header nav").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    keep(page, "adviser-print")


def test_a_run_on_rows_leads_to_the_documentation(open_view, violations):
    page = open_view(before=changed_json("**/run", lambda run: run.update(takes="attributes")))
    assert page.get_by_role("link", name="Open the documentation of the API").get_attribute("href") == "/docs"
    assert page.locator("form.usage").count() == 0
    assert violations(page) == []


def test_the_costs_of_changing_and_the_time_bound_are_named(open_view):
    def bind(catalogue):
        for plan in catalogue["plans"]:
            plan["fee"]["activation"] = "9.99"
            plan["contract"] = {"commitment_months": 12, "early_termination_fee": "50.00"}

    page = open_view(before=changed_json("**/catalogue", bind))
    terms = page.locator(".terms").inner_text()
    assert "$9.99 to activate · $50.00 to leave Mini before its commitment ends" in terms
    assert "for 12 months" in terms


def test_the_headline_stays_in_view_on_a_phone_until_the_answer_is(open_view):
    page = open_view(width=390)
    page.set_viewport_size({"width": 390, "height": 640})
    page.wait_for_selector(".peek:not([hidden])")
    assert page.locator(".peek").inner_text().startswith("Change to Plus · Save $")
    page.evaluate("document.querySelector('.plans').scrollIntoView()")
    page.wait_for_selector(".peek", state="hidden")
