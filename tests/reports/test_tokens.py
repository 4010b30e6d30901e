"""Contrast of the colours that the reports and the web page share."""

import re
from importlib.resources import files
from itertools import product

import pytest

TEXT = ("ink", "muted", "accent", "good", "stay", "warn", "bad")
TINTED = ("accent", "good", "stay", "warn", "bad")
GRAPHIC = ("edge", "series-1", "series-2", "series-3")


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of tokens.css by the media that they are for."""
    style = files("planrec.reports.page").joinpath("tokens.css").read_text("utf-8")
    assert "@media screen and (prefers-color-scheme: dark)" in style, "paper would be dark"
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    light, dark, paper = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    assert paper.keys() <= light.keys() == dark.keys()
    return {"light": light, "dark": dark, "print": light | paper}


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_is_readable_on_every_ground(scheme):
    colors = schemes()[scheme]
    pairs = [*product(TEXT, ("bg", "surface", "raised")), ("on-accent", "accent")]
    pairs += [(text, f"{tint}-tint") for tint in TINTED for text in ("ink", "muted", tint)]
    faint = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_shapes_can_be_seen_on_every_ground(scheme):
    colors = schemes()[scheme]
    faint = {pair: contrast(*map(colors.get, pair)) for pair in product(GRAPHIC, ("bg", "surface"))}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < 3} == {}
