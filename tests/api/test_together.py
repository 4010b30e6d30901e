"""Requests that are there at the same time: each gets what it would get alone."""

import asyncio

import msgspec
import pytest

from api import micro_batching as together
from api.answer_requests import answered
from api.micro_batching import MOST_AT_ONCE, Together
from api.served_run import ServedRun
from planrec.errors import RequestError
from planrec.runs.read import load_run
from planrec.schema.request import read_request

LANGUAGES = ("en", "es", "en")


@pytest.fixture(scope="module")
def runs(bill_run, row_run):
    return [ServedRun.of(load_run(run)) for run in (bill_run, row_run)]


@pytest.fixture(scope="module")
def asked(runs):
    """More than one call takes, of two runs and in two languages, mixed."""
    golden = [(run, request) for run in runs for request in run.saved.manifest.golden.requests]
    examples = [(run, read_request(request)) for run, request in golden]
    return [(*examples[7 * n % len(examples)], LANGUAGES[n % 3]) for n in range(2 * MOST_AT_ONCE + 5)]


def told_at_once(asked):
    """What calls of `Together.answer` give that begin in one turn of the event loop."""

    async def ask():
        everybody = Together()
        return await asyncio.gather(*(everybody.answer(*each) for each in asked), return_exceptions=True)

    return asyncio.run(ask())


def without_id(answer):
    return msgspec.structs.replace(answer, recommendation_id="")


def alone(run, request, language):
    [answer] = answered(run, [request], language)
    return without_id(answer)


def test_each_gets_the_answer_that_it_would_get_alone(asked):
    told = told_at_once(asked)
    assert [without_id(answer) for answer in told] == [alone(*each) for each in asked]
    assert len({answer.recommendation_id for answer in told}) == len(asked)


def test_a_request_without_an_answer_spoils_none_of_the_others(asked, runs):
    good = read_request(runs[0].example)
    bad = msgspec.structs.replace(good, months=(msgspec.structs.replace(good.months[0], month="1999-01"),))
    told = told_at_once([asked[0], (runs[0], bad, "en"), asked[0]])
    assert isinstance(told[1], RequestError)
    assert [misfit.request for misfit in told[1].misfits] == [0] * len(told[1].misfits)
    assert without_id(told[0]) == without_id(told[2]) == alone(*asked[0])


def test_those_of_one_run_and_language_are_answered_in_one_call(asked, runs, monkeypatch):
    calls = []

    def counted(run, requests, language):
        calls.append(len(requests))
        return [None] * len(requests)

    monkeypatch.setattr(together, "answered_each", counted)
    told_at_once([(runs[0], read_request(runs[0].example), "en")] * (MOST_AT_ONCE + 1))
    assert calls == [MOST_AT_ONCE, 1]


def test_whoever_gave_up_waiting_does_not_keep_the_others_from_their_answers(asked):
    async def ask():
        everybody = Together()
        tasks = [asyncio.create_task(everybody.answer(*asked[0])) for _ in range(2)]
        await asyncio.sleep(0)  # both wait now
        tasks[0].cancel()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)

    gone, answer = asyncio.run(ask())
    assert isinstance(gone, asyncio.CancelledError)
    assert without_id(answer) == alone(*asked[0])
