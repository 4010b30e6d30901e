"""Micro-batching: concurrent requests get the answers that they would get alone."""

import asyncio

import msgspec
import pytest

from api import micro_batching
from api.answer_requests import answer_all
from api.micro_batching import MAX_BATCH, MicroBatcher
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
    """Return requests for more than one call, of two runs and in two languages, mixed."""
    golden = [(run, request) for run in runs for request in run.saved.manifest.golden.requests]
    examples = [(run, read_request(request)) for run, request in golden]
    return [(*examples[7 * n % len(examples)], LANGUAGES[n % 3]) for n in range(2 * MAX_BATCH + 5)]


def answer_at_once(asked):
    """Return the answers of calls of `MicroBatcher.answer` in one turn of the event loop."""

    async def ask():
        batcher = MicroBatcher()
        return await asyncio.gather(*(batcher.answer(*each) for each in asked), return_exceptions=True)

    return asyncio.run(ask())


def without_id(answer):
    return msgspec.structs.replace(answer, recommendation_id="")


def alone(run, request, language):
    [answer] = answer_all(run, [request], language)
    return without_id(answer)


def test_each_request_gets_the_answer_it_would_get_alone(asked):
    answers = answer_at_once(asked)
    assert [without_id(answer) for answer in answers] == [alone(*each) for each in asked]
    assert len({answer.recommendation_id for answer in answers}) == len(asked)


def test_a_failing_request_does_not_affect_the_others(asked, runs):
    good = read_request(runs[0].example)
    bad = msgspec.structs.replace(good, months=(msgspec.structs.replace(good.months[0], month="1999-01"),))
    answers = answer_at_once([asked[0], (runs[0], bad, "en"), asked[0]])
    assert isinstance(answers[1], RequestError)
    assert [misfit.request for misfit in answers[1].misfits] == [0] * len(answers[1].misfits)
    assert without_id(answers[0]) == without_id(answers[2]) == alone(*asked[0])


def test_requests_of_one_run_and_language_share_a_call(asked, runs, monkeypatch):
    calls = []

    def counted(run, requests, language):
        calls.append(len(requests))
        return [None] * len(requests)

    monkeypatch.setattr(micro_batching, "answer_each", counted)
    answer_at_once([(runs[0], read_request(runs[0].example), "en")] * (MAX_BATCH + 1))
    assert calls == [MAX_BATCH, 1]


def test_a_cancelled_request_does_not_affect_the_others(asked):
    async def ask():
        batcher = MicroBatcher()
        tasks = [asyncio.create_task(batcher.answer(*asked[0])) for _ in range(2)]
        await asyncio.sleep(0)  # both wait now
        tasks[0].cancel()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)

    gone, answer = asyncio.run(ask())
    assert isinstance(gone, asyncio.CancelledError)
    assert without_id(answer) == alone(*asked[0])
