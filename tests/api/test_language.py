"""Which language a caller gets, by the weights of Accept-Language."""

from typing import Any

import pytest
from litestar import Request

from api.answer_requests import language_of


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("ES-pe, es;q=0.9", "es"),
        ("es;q=0", "en"),
        ("es;q=0.000", "en"),
        ("est", "en"),
        ("fr, es;q=0.9", "es"),
        ("fr", "en"),
        ("en;q=0.1, es", "es"),
        ("es;q=0.5,en;q=0.6", "en"),
        ("es, en", "es"),
        ("en, es", "en"),
        ("*, es;q=0.5", "en"),
        ("es ; q=0.8, *;q=0.1", "es"),
        ("es;q=2", "en"),
        ("es;q=", "en"),
        (";;,,=", "en"),
    ],
)
def test_the_language_with_the_greatest_weight_is_spoken(accepted, language):
    headers = [(b"accept-language", accepted.encode())]
    request: Request[Any, Any, Any] = Request({"type": "http", "headers": headers})
    assert language_of(request) == language
