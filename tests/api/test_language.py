"""The language of an answer, by the weights of Accept-Language."""

import pytest

from api.language.requested import preferred_language


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
def test_the_language_with_the_greatest_weight_is_chosen(accepted, language):
    assert preferred_language(accepted) == language
