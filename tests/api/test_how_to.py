"""The commands of docs/how-to/ask-the-api.md and of the README, against a real server."""

import contextlib
import io
import json
import re
import shlex
from itertools import pairwise

import httpx
import pytest

from planrec.catalogue import Catalogue
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "how-to" / "ask-the-api.md").read_text("utf-8")
README = (REPOSITORY / "README.md").read_text("utf-8")


def asked(text, address):
    """Return the responses to the printed curl commands."""
    answers = []
    for command in re.findall(r"^curl .*?(?=^curl|^```)", text, flags=re.DOTALL | re.MULTILINE):
        words = shlex.split(command, comments=True)
        url = next(word for word in words if word.startswith("127.0.0.1:8000"))
        options = dict(pairwise(words))
        headers = dict([options["-H"].split(": ")]) if "-H" in options else {}
        method = "POST" if "-d" in options else "GET"
        path = url.removeprefix("127.0.0.1:8000")
        answers.append(httpx.request(method, address + path, headers=headers, content=options.get("-d")))
    return answers


def test_the_printed_commands_are_answered(bill_server):
    first, preview, wrong = asked(PAGE, bill_server)
    assert preview.json()["usage_basis"]["months_used"] == 1
    told = first.json()
    assert told["decision"] in ("recommend", "stay", "abstain")
    assert len(told["items"]) == 2
    assert {"plan_id": "unlimited", "code": "excluded"} in told["not_offered"]
    assert wrong.status_code == 422
    pointers = {error["pointer"] for error in wrong.json()["errors"]}
    assert pointers == {"/plan_held", "/shoe", "/months"}


def test_the_readmes_commands_are_answered(bill_server):
    answers = asked(README, bill_server)
    assert len(answers) == 2
    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_printed_program_prints_two_plans_and_a_problem(bill_server):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program.replace("http://127.0.0.1:8000", bill_server), {})
    plan, problem, same_plan = printed.getvalue().splitlines()
    assert plan == same_plan
    plans = Catalogue.model_validate(httpx.get(f"{bill_server}/catalogue").json()).plan_ids
    assert plan in [*plans, "stay", "abstain"]
    assert "/months" in problem


@pytest.mark.parametrize("months", [[], None])
def test_a_forecast_needs_as_of_if_there_are_no_months(forecast_server, months):
    request = {"months": months, "plan_held": None, "as_of": "2018-05-01"}
    answer = httpx.post(f"{forecast_server}/predict", json=request)
    if months is None:
        assert answer.status_code == 422
    else:
        assert answer.json()["usage_basis"]["whose"] == "population"
        answer = httpx.post(f"{forecast_server}/predict", json=request | {"as_of": None})
        assert json.loads(answer.text)["errors"] == [
            {"pointer": "/as_of", "detail": "must be given if months is empty"}
        ]
