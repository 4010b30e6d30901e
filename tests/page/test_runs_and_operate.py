"""The views Runs and Operate in a browser: every scheme, language, width and state."""

import json
from itertools import product

import httpx
import pytest

from planrec.runs.read import load_run
from tests.page.conftest import KEY, LANGUAGES, READY, SCHEMES, WIDTHS, overflow

pytestmark = pytest.mark.slow
RUNS, OPERATE = "/app/runs", "/app/operate"
EMPTY = {"runs": [], "total": 0, "offset": 0, "pinned": None, "sweeps": [], "unreadable": []}


def answered(pattern, change):
    """Return a function that changes the JSON of answers on their way to the page."""

    def changing(page):
        def handle(route):
            response = route.fetch()
            route.fulfill(response=response, body=json.dumps(change(response.json())))

        page.route(pattern, handle)

    return changing


def refused(pattern, status, detail):
    problem = {
        "type": "urn:planrec:problem:forbidden",
        "title": "Forbidden",
        "status": status,
        "detail": detail,
    }
    return lambda page: page.route(
        pattern, lambda route: route.fulfill(status=status, body=json.dumps(problem))
    )


def check_every_screen(page, violations, keep, name):
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert overflow(page) == 0
        assert violations(page) == []
        keep(page, f"{name}-{scheme}-{width}")


@pytest.fixture(scope="module")
def logged(page_server, page_outputs):
    """Let the server log an answer, and return it."""
    request = load_run(page_outputs / "2030-01-31" / "one").manifest.golden.requests[0]
    address = f"http://127.0.0.1:{page_server.port}/predict"
    answer = httpx.post(address, json=dict(request) | {"subscriber": "ana"}, headers={"x-api-key": KEY})
    return answer.json()


@pytest.mark.parametrize("language", LANGUAGES)
def test_runs_are_shown_compared_and_have_their_commands(open_view, violations, keep, language):
    page = open_view(RUNS, language=language)
    assert page.locator(".run").count() == 2
    page.locator(".run input").first.check()
    assert page.locator(".tray button").is_disabled()
    page.locator(".run input").last.check()
    page.locator(".tray button").click()
    page.wait_for_selector(".compared .sentence")
    assert page.evaluate("document.activeElement.id") == "compared-title"
    for summary in page.locator(".run details summary").all():
        summary.click()
    assert "planrec pin 2030-01-31/two" in page.locator("main").inner_text()
    assert page.locator(".run .pill.good", has_text={"en": "pinned", "es": "fijada"}[language]).count() == 1
    check_every_screen(page, violations, keep, f"runs-{language}")


def test_a_filter_a_hundred_runs_and_the_rest_by_a_button(open_view):
    def many(page):
        first = page["offset"]
        names = [f"2030-01-31/{number}" for number in range(first, first + 100)]
        copies = [
            page["pinned"] | {"id": f"{at + first:016x}", "run_id": name} for at, name in enumerate(names)
        ]
        return page | {"runs": copies, "total": 200}

    page = open_view(RUNS, before=answered("**/runs?*", many))
    assert page.locator(".run").count() == 100
    page.get_by_text("Show more").click()
    page.locator(".run").nth(199).wait_for()
    assert not page.get_by_text("Show more").is_visible()
    with page.expect_request("**/runs?*text=lgbm*"):
        page.locator("#filter").fill("lgbm")


def test_a_report_is_downloaded_with_the_key_of_the_page(open_view):
    page = open_view(RUNS)
    with page.expect_download() as download:
        page.locator(".run button", has_text="Model card").first.click()
    assert download.value.suggested_filename.startswith("card-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_runs_the_command_of_the_first_one_is_shown(open_view, violations, keep, language):
    page = open_view(RUNS, language=language, before=answered("**/runs?*", lambda page: EMPTY))
    assert "planrec train model=forecast policy=guarded" in page.locator(".empty").inner_text()
    check_every_screen(page, violations, keep, f"runs-empty-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_state_of_the_server_and_an_answer_that_is_computed_again(
    open_view, violations, keep, logged, language
):
    page = open_view(OPERATE, language=language)
    page.locator("#subscriber").fill("ana")
    page.locator("#subscriber").press("Enter")
    page.locator(".found button").first.click()
    page.wait_for_selector(".replayed .notice.good")
    shown = page.locator(".replayed").inner_text()
    assert logged["recommendation_id"] in shown
    assert "policy=best_bill" in shown
    assert page.locator(".columns[role=img]").count() == 1
    check_every_screen(page, violations, keep, f"operate-{language}")
    page.emulate_media(media="print")
    page.evaluate("document.body.classList.add('one-answer')")
    assert page.locator(".replayed").is_visible()
    assert not page.locator(".grid").is_visible()


def test_an_answer_that_arrives_after_a_later_search_is_not_shown(open_view, logged):
    page = open_view(OPERATE)
    page.locator("#subscriber").fill("ana")
    page.locator("#subscriber").press("Enter")
    page.wait_for_selector(".found button")
    held = []
    page.route(f"**/decisions/{logged['recommendation_id']}", lambda route: held.append(route))
    page.locator(".found button").first.click()
    page.locator("#subscriber").fill("eva")
    page.locator("#subscriber").press("Enter")
    page.wait_for_selector(".found:empty", state="attached")
    with page.expect_response("**/decisions/*"):
        held.pop().continue_()
    page.wait_for_timeout(200)
    assert page.locator(".replayed").inner_text() == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_pinned_no_log_and_refused_answers(open_view, violations, keep, language):
    def bare(facts):
        nothing = dict.fromkeys(
            ("pinned", "served", "rollback", "log", "over_time", "drift", "watch", "realised")
        )
        return facts | nothing | {"pin_error": "changed", "broken_files": ["drift.json"]}

    def before(page):
        answered("**/operate?*", bare)(page)
        refused("**/decisions?*", 403, "only with an API key")(page)

    page = open_view(OPERATE, language=language, before=before)
    text = page.locator("main").inner_text()
    assert "planrec pin latest" in text
    assert "monitoring/drift.json" in text
    page.locator("#subscriber").fill("ana")
    page.locator("#subscriber").press("Enter")
    page.wait_for_selector(".results .notice.bad")
    assert page.locator(".results").inner_text() == "only with an API key"
    assert page.locator(".key-form").count() == 0
    check_every_screen(page, violations, keep, f"operate-bare-{language}")


@pytest.mark.parametrize("path", [RUNS, OPERATE])
def test_a_server_that_is_gone_leaves_the_last_figures(open_view, keep, path):
    page = open_view(path)
    before = page.locator("main").inner_text()
    page.route("**/runs?*", lambda route: route.abort())
    page.route("**/operate?*", lambda route: route.abort())
    page.route("**/ready", lambda route: route.abort())
    if path == RUNS:
        page.locator("#filter").fill("lgbm")
    else:
        page.locator("#days").select_option("30")
    page.wait_for_selector(".banner p")
    assert page.locator(".run, .grid .card").count() > 0
    assert before.splitlines()[0] in page.locator("main").inner_text()
    keep(page, f"gone-{path.rpartition('/')[2]}")
    page.unroute_all()
    page.wait_for_selector(".banner p", state="detached")
    page.wait_for_selector(READY)
