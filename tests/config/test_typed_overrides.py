"""Overrides as messages show them: the program reads each one, and reads what was meant."""

import re
import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from planrec.cli import main
from planrec.commands.advice import retyped, typed
from planrec.commands.grammar import parsed_override
from planrec.commands.values import as_typed, in_quotes
from planrec.config.compose import compose
from planrec.config.overrides import command_of, problems_of
from planrec.errors import ConfigError

ROWS = [(f"k{row:03}", row * 7 % 500, row * 31 % 900, ("007", "1E5")[row % 2]) for row in range(80)]
CODES = "customer,minutes,mb,plan\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS)
TABLE = ("data=table", "data.path=codes.csv", "data.plan_column=plan", "model=dummy", "n_bootstrap=20")

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
keys = texts
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


def without_escapes(text: object) -> object:
    """Return a text as the configuration holds it, in which `${` begins an interpolation."""
    return OmegaConf.to_container(OmegaConf.create({"key": text}), resolve=True)["key"]  # type: ignore[index, call-overload]


@given(texts)
@example("${x}")
@example("\\${x}")
def test_a_text_that_is_written_is_read_again_behind_the_shell(text: str) -> None:
    advised = typed({"data.plan_column": text})
    if text.isprintable():
        (word,) = shlex.split(advised)
        assert without_escapes(read(word)) == text
    assert read(f"key={in_quotes(text)}") == text


@pytest.mark.parametrize("key", ["1E5", "007", "1e400", "0x1F", "true", "null", "-3", "1_000", "inf", "x y"])
def test_keys_of_a_mapping_are_the_text_that_was_typed(key: str) -> None:
    assert read(f"+data.plan_names={{ {key} : a, other: 1E5}}") == {key: "a", "other": 100000.0}


def test_keys_stay_text_through_a_sweep() -> None:
    parsed = parsed_override("data.plan_names={1E5: a},{007: b}")
    assert parsed is not None
    assert [read(f"k={text}") for text in parsed.sweep_string_iterator()] == [{"1E5": "a"}, {"007": "b"}]
    parsed = parsed_override("""data.plan_names={"Año": a, 'a:"b': c},{"${x}": b}""")
    assert parsed is not None
    swept = [read(f"k={text}") for text in parsed.sweep_string_iterator()]
    assert swept == [{"Año": "a", 'a:"b': "c"}, {"${x}": "b"}]


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
        ("+data.plan_names={Año: hundred, a: agent}", {"Año": "hundred", "a": "agent"}),
        ("+data.plan_names.Año=hundred", {"Año": "hundred"}),
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


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("quote", ['"', "'"])
def test_keys_may_be_written_in_quotation_marks(quote: str) -> None:
    names = compose(
        *TABLE, f"+data.plan_names={{{quote}1E5{quote}: a, {quote}a:b{quote} : c}}"
    ).data.plan_names  # type: ignore[attr-defined]
    assert names == {"1E5": "a", "a:b": "c"}


@pytest.mark.usefixtures("codes")
def test_hostile_names_are_typed_back(capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        "Año",
        "a:b",
        "${x}",
        "k 1",
        'q"x',
        "it's",
        "a,b",
        "}",
        "1E5",
        " lead ",
        "back\\slash\\",
        "\\${x}",
    ]
    renamed = dict(zip(names, reversed(names), strict=True))
    words = shlex.split(typed({"+data.plan_names": renamed, "data.plan_column": "${x}"}, data="table"))
    config = compose("data.path=codes.csv", "model=dummy", *words)
    assert config.data.plan_names == renamed  # type: ignore[attr-defined]
    assert config.data.plan_column == "${x}"  # type: ignore[attr-defined]


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("plan", ["\x1b[31m", "a\nb", "tab\there", "\x85"])
def test_names_that_a_terminal_hides_are_written_into_a_file(plan: str, tmp_path: Path) -> None:
    advised = typed({"+data.plan_names": {plan: "Plan"}})
    found = re.fullmatch(r"(.*), with two lines in FOLDER/experiment/NAME.yaml: (#.*) and (.*)", advised)
    assert found is not None, advised
    assert advised.isprintable()
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(f"{found[2]}\n{found[3]}\n", "utf-8")
    words = shlex.split(found[1].replace("FOLDER", "mine").replace("NAME", "own"))
    composed = main(["train", "--cfg", "job", *TABLE, *words])
    assert composed == 0


def test_a_key_that_cannot_be_typed_is_answered_with_the_place_to_write_it() -> None:
    with pytest.raises(ConfigError, match=r'type --config-dir FOLDER .*"größe": \{"x": "a"\}'):
        compose(*TABLE, "+data.plan_names.größe.x=a")


@pytest.mark.parametrize(
    ("text", "advised"),
    [
        ("metrics=[accuracy", "metrics=[accuracy]"),
        ("+data.units={data: GB", "+data.units={data: GB}"),
        ("+data.protected_columns={age: [30", "+data.protected_columns={age: [30]}"),
        ("metrics=[año", 'metrics=["año"]'),
    ],
)
def test_a_bracket_that_is_not_closed_is_answered_with_a_line_that_works(text: str, advised: str) -> None:
    (problem,) = problems_of(text, ())
    assert problem == f"{text}: a bracket is not closed: type {shlex.quote(advised)}"
    assert parsed_override(advised) is not None


def test_a_bracket_that_cannot_be_closed_gets_no_advice() -> None:
    assert problems_of("metrics=[accuracy}", ()) == ["metrics=[accuracy}: a bracket is not closed"]


def test_an_override_that_cannot_be_read_is_never_shown() -> None:
    assert retyped("data.path=Año") is None


def test_a_command_with_several_folders_is_read_again() -> None:
    words = shlex.split(command_of(["seed=1"], (Path("a b"), Path("c,d"))))
    assert words[:4] == ["planrec", "train", "--config-dir", "a b"]
    assert read(words[4]) == [f"file://{Path('c,d').resolve()}"]
