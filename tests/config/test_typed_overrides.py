"""Overrides as messages show them: the program reads each one, and reads what was meant."""

import re
import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planrec.cli import main
from planrec.config.compose import compose
from planrec.config.conf_folder import CONF, content_of, groups
from planrec.config.override_parser import parsed_override, shown_override, typed_text, words_to_type
from planrec.config.overrides import command_of
from planrec.errors import ConfigError
from planrec.files.typed_override import as_typed, in_quotes, typed_override
from tests.conftest import REPOSITORY

ROWS = [(f"k{row:03}", row * 7 % 500, row * 31 % 900, ("007", "1E5")[row % 2]) for row in range(80)]
CODES = "customer,minutes,mb,plan\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS)
TABLE = ("data=table", "data.path=codes.csv", "data.plan_column=plan", "model=dummy", "n_bootstrap=20")

keys = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
plain = texts | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


def read(text: str) -> object:
    parsed = parsed_override(text)
    assert parsed is not None, text
    assert not parsed.is_sweep_override(), text
    return parsed.value()


@given(values)
@example("C:\\data\\")
@example('a\\"b\\')
@example("/data/months.csv")
@example("../plans-2.yaml")
@example(".5")
@example("./.5")
@example({"1E5": "hundred", "007": "agent", "null": "1E5", "true": None})
def test_a_value_that_is_written_is_read_again(value: object) -> None:
    assert read(f"key={as_typed(value)}") == value


@given(texts)
def test_a_text_that_is_written_is_read_again_behind_the_shell(text: str) -> None:
    (word,) = shlex.split(typed_override("data.plan_column", text))
    assert read(word) == text
    assert read(f"key={typed_text(text)}") == text
    assert read(f"key={in_quotes(text)}") == text


@pytest.mark.parametrize("key", ["1E5", "007", "1e400", "0x1F", "true", "null", "-3", "1_000", "inf", "x y"])
def test_keys_of_a_mapping_are_the_text_that_was_typed(key: str) -> None:
    assert read(f"+data.plan_names={{ {key} : a, other: 1E5}}") == {key: "a", "other": 100000.0}


def test_keys_stay_text_through_a_sweep() -> None:
    parsed = parsed_override("data.plan_names={1E5: a},{007: b}")
    assert parsed is not None
    assert [read(f"k={text}") for text in parsed.sweep_string_iterator()] == [{"1E5": "a"}, {"007": "b"}]


@pytest.fixture
def codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("codes.csv").write_text(CODES, "utf-8")


NAMES = {"1E5": "hundred", "007": "agent"}


@pytest.mark.usefixtures("codes")
def test_plans_whose_codes_look_like_numbers_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *TABLE, "+data.plan_names={1E5: hundred, 007: agent}"]) == 0
    assert "hundred" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ('+data.plan_names={"1E5": hundred, "007": agent}', NAMES),
        ("+data.plan_names={'1E5': hundred, '007': agent}", NAMES),
        ("+data.plan_names.1E5=hundred", {"1E5": "hundred"}),
        ("+data.plan_names.007=Año", {"007": "Año"}),
        ("data.plan_names={1E5: hundred}", {"1E5": "hundred"}),
    ],
)
def test_a_refused_line_is_answered_with_one_that_works(typed: str, names: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(*TABLE, typed)
    (problem,) = caught.value.problems
    advised = re.search(r"type ('.+?'|\S+)(?: to add it| \(from|$)", problem)
    assert advised is not None, problem
    (word,) = shlex.split(advised[1])
    assert word != typed
    assert compose(*TABLE, word).data.plan_names == names  # type: ignore[attr-defined]


def test_a_key_that_cannot_be_typed_is_answered_with_the_place_to_write_it() -> None:
    with pytest.raises(ConfigError, match=r"into a file of conf/experiment/ and type experiment=NAME"):
        compose(*TABLE, "+data.plan_names.Año=x")


def test_an_override_that_cannot_be_read_is_never_shown() -> None:
    assert shown_override("data.path=Año") is None
    assert words_to_type("baselines.größe", ["x"]) == ""


def test_a_command_with_several_folders_is_read_again() -> None:
    words = shlex.split(command_of(["seed=1"], (Path("a b"), Path("c,d"))))
    assert words[:4] == ["planrec", "train", "--config-dir", "a b"]
    assert read(words[4]) == [f"file://{Path('c,d').resolve()}"]


OVERRIDE = r"\+?[a-z_]+(?:\.[a-z_]+)*=[^\s;,:'\"`)]+"


def constants() -> list[str]:
    """Return every override that a message of the code names, with the placeholders of its values filled."""
    found = set()
    for file in (*REPOSITORY.glob("planrec/**/*.py"), *REPOSITORY.glob("api/**/*.py")):
        text = file.read_text("utf-8")
        text = re.sub(r'"\s*\n\s*f?"', "", text)  # strings that continue on the next line
        for typed in re.findall(rf"(?:type|or|add|set|with) (?:-m )?({OVERRIDE})", text):
            found.add(re.sub(r"\{[^}]*\}", "x", typed))
        found |= set(re.findall(r"(?:type|or|add|set|with) '(\+?[a-z_.]+=[^'\"]+)'", text))
    named = [text for text in found if text.count("{") == text.count("}")]  # the others end in an expression
    return sorted(text for text in named if text.lstrip("+").partition("=")[0].partition(".")[0] in TOP)


TOP = {*groups(), *content_of(CONF / "train.yaml")} - {"hydra"}


def test_messages_name_many_overrides() -> None:
    assert len(constants()) >= 20


@pytest.mark.parametrize("typed", constants())
def test_every_override_of_a_message_can_be_read(typed: str) -> None:
    assert parsed_override(typed) is not None
