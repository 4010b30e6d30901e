"""Problems in the language that was asked for: titles, details, and every rule that a value breaks."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.language.spanish import DETAILS, TITLES
from api.language.translate import title_of, translated
from api.problems import TYPES
from planrec.data.reading.reading_notes import ReadingNotes
from planrec.errors import LogError
from planrec.runs.read import load_run

REPOSITORY = Path(__file__).parents[2]
SPANISH = {"accept-language": "es-MX, en;q=0.5"}


@pytest.fixture(scope="module")
def bill_client(bill_run):
    with TestClient(create_app(load_run(bill_run))) as client:
        yield client


@pytest.fixture(scope="module")
def bill_request(bill_run):
    return dict(load_run(bill_run).manifest.golden.requests[0])


@pytest.fixture(scope="module")
def bad_bodies(bill_request):
    """Return bodies of /predict that break every rule of a request."""
    month = bill_request["months"][0]
    years = [
        month | {"month": f"{year}-{number:02d}"} for year in range(2000, 2011) for number in range(1, 13)
    ]
    return [
        *("", "{", '{"plan_held": null, "plan_held": null}', "[" * 1_000, "null", "{}", "[]"),
        *({str(number): 1 for number in range(2_000)}, bill_request | {"shoe": 43, "top_k": 0}),
        *(bill_request | {"plan_held": "gold", "exclude": ["gold"], "top_k": 1.5, "subscriber": ""},),
        *(bill_request | {"top_k": 10**30, "subscriber": "s" * 2_000}, bill_request | {"top_k": 10**5}),
        *(bill_request | {"exclude": ["mini"] * 9, "subscriber": 3}, bill_request | {"months": []}),
        *(bill_request | {"months": years}, bill_request | {"months": [month, month]}),
        *(bill_request | {"months": [month | {"month": "2099-01"}]}, bill_request | {"months": 3}),
        *(bill_request | {"months": [month | {"month": "2018", "sms": -1, "data_mib": 1e12}]},),
        *(bill_request | {"months": [month | {"sms": "many", "data_mib": None}, 3]},),
        *(bill_request | {"as_of": "2018-02-30"}, bill_request | {"as_of": "2018-02-01"}),
        *(bill_request | {"months": [month | {"month": "1950-01"}]}, bill_request | {"attributes": 3}),
    ]


def both(client, method, path, **sent):
    headers = sent.pop("headers", {"content-type": "application/json"})
    return [
        client.request(method, path, headers=headers | language, **sent).json() for language in ({}, SPANISH)
    ]


def check_both(english, spanish):
    """Fail if a text of the problem is the same in both languages, or if another part differs."""
    assert (english["type"], english["status"]) == (spanish["type"], spanish["status"])
    assert english["title"] != spanish["title"]
    assert english["detail"] != spanish["detail"], english
    for before, after in zip(english.get("errors", []), spanish.get("errors", []), strict=True):
        assert before["pointer"] == after["pointer"]
        assert before["detail"] != after["detail"], before
    assert not re.search(r"\b(must|should|the|got)\b", json.dumps(spanish)), spanish


def test_problems_of_bodies_are_in_spanish_if_requested(bill_client, bad_bodies):
    for content in bad_bodies:
        body = content if isinstance(content, str) else json.dumps(content)
        check_both(*both(bill_client, "POST", "/predict", content=body))
        check_both(*both(bill_client, "POST", "/predict/batch", content=f"[{body}, {{}}]"))


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nowhere", {}),
        ("PUT", "/predict", {}),
        ("GET", "/assets/0/none", {}),
        ("POST", "/predict", {"content-type": "text/plain"}),
        ("POST", "/predict", {"content-type": "application/json", "idempotency-key": " ä".encode()}),
    ],
)
def test_problems_of_requests_are_in_spanish_if_requested(bill_client, method, path, headers):
    check_both(*both(bill_client, method, path, headers=headers))


def test_problems_of_lines_are_in_spanish_if_requested(bill_client):
    headers = {"content-type": "application/x-ndjson"}
    [english, spanish] = [
        bill_client.post("/predict/batch", content='{"shoe": 43}\n{', headers=headers | language)
        for language in ({}, SPANISH)
    ]
    lines = [[json.loads(line) for line in answer.text.splitlines()] for answer in (english, spanish)]
    for before, after in zip(*lines, strict=True):
        check_both(before, after)


def test_the_answer_after_a_spanish_problem_is_in_english(bill_client):
    bill_client.get("/nowhere", headers=SPANISH)
    assert bill_client.get("/nowhere").json()["title"] == "Not Found"


def test_every_status_has_a_spanish_title():
    assert set(TITLES) == set(TYPES)
    assert all(title_of(status, "es") != title_of(status, "en") for status in TYPES)


def test_spanish_texts_keep_the_placeholders():
    for english, spanish in DETAILS.items():
        assert spanish.count("{n}") == english.count("{n}"), english
        assert spanish.count("{}") <= english.count("{}"), english
        example = english.replace("{n}", "1,000").replace("{}", "x'y")
        expected = spanish.replace("{n}", "1\xa0000").replace("{}", "x'y")
        assert translated(example, "es") == expected


def test_quoted_input_is_not_changed():
    text = translated("the charset must be utf-8, got 'x1,000 y'", "es")
    assert text == "el juego de caracteres debe ser utf-8, y es 'x1,000 y'"


def test_unknown_and_very_long_texts_stay_in_english():
    assert translated("nobody wrote this", "es") == "nobody wrote this"
    assert translated("must be '" + "x" * 3_000 + "'", "es").startswith("must be")


def texts_of_problems() -> Iterator[tuple[str, str]]:
    """Yield file and text of every detail in the code of the API, with 7 in place of a value."""
    folder = REPOSITORY / "api"
    for file in (*sorted(folder.rglob("*.py")), REPOSITORY / "planrec" / "recommending" / "request_table.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail":
                yield from _texts(file, node.value)
            if isinstance(node, ast.Call) and re.search(
                r"(Error|HTTPException|Misfit|problem_of|_refuse)$", ast.unparse(node.func)
            ):
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from _texts(file, argument)


def _texts(file: Path, node: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    else:
        return
    if text.count(" ") > 1:
        yield f"{file.name}: {text}", text


# Settings, keys and the start of the server are reported on the terminal, which is English.
TERMINAL = ("settings.py", "server.py", "served_run.py", "serve_extra.py", "decision_logging.py")
PARTS = {
    "batch_body.py: 7, in /7",
    "batch_body.py: recursion limit exceeded",
    "request_body.py: 7 cannot be accepted",
    "request_table.py: decisions over months need an as_of",
}
"Parts of details, and a text about a mistake in the code."


def test_every_detail_in_the_code_has_a_spanish_text():
    untranslated = {
        place
        for place, text in texts_of_problems()
        if translated(text, "es") == text and not place.startswith(TERMINAL)
    }
    assert untranslated == PARTS


def test_a_log_error_is_a_problem_in_spanish():
    from api.language.requested import LANGUAGE
    from api.problems import problem_of_error

    token = LANGUAGE.set("es")
    try:
        assert problem_of_error(LogError("disk full")).detail == (
            "la respuesta no se envía, porque no se puede registrar"
        )
    finally:
        LANGUAGE.reset(token)


def test_notes_about_a_file_are_in_spanish():
    noted = ReadingNotes(commas={"sms": None}, grouped={"data_mib": ("1,234", 1234.0)}, n_added_months=2)
    assert len(noted.notes) == 3
    assert [note for note in noted.notes if translated(note, "es") == note] == []
