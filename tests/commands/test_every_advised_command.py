"""Every command and override that the code advises is collected by running that code, and typed.

The recorder notes each text that leaves `planrec.commands.advice`, with the line of code that made it. Calls
whose arguments are constants run from the source; every other call needs an entry in PRODUCERS.
"""

import ast
import json
import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from planrec.cli import VERBS, command_parser, main
from planrec.commands import advice
from planrec.commands.grammar import parsed_override
from planrec.config.compose import compose
from planrec.config.conf_folder import CONF, content_of, groups, inherited, options
from planrec.config.overrides import check_overrides, command_of
from planrec.data.labels import label_notes
from planrec.errors import PlanRecError
from planrec.schema.cell_form import CellForm
from tests.conftest import REPOSITORY

HOSTILE = ["Año", "a:b", "${x}", "k 1", 'q"x', "it's", "a,b", "}", "1E5", "back\\", "-m"]
FUNCTIONS = {"typed", "command_line", "retyped"}
SOURCES = [*REPOSITORY.glob("planrec/**/*.py"), *REPOSITORY.glob("api/**/*.py")]
PLACEHOLDERS = {"COLUMN", "FILE", "FOLDER", "NAME", "KEY"}


@dataclass
class Recorder:
    """Takes the place of `shlex` in `advice`, and notes every text."""

    texts: list[str] = field(default_factory=list)
    lines: set[tuple[str, int]] = field(default_factory=set)

    def join(self, words: object) -> str:
        return self._noted(shlex.join(words))  # type: ignore[arg-type]

    def quote(self, text: str) -> str:
        return self._noted(shlex.quote(text))

    def dumps(self, content: object, **options: bool) -> str:
        self._note_line()
        return json.dumps(content, ensure_ascii=options["ensure_ascii"])

    def _noted(self, text: str) -> str:
        self.texts.append(text)
        self._note_line()
        return text

    def _note_line(self) -> None:
        frame = sys._getframe(2)
        while frame.f_code.co_filename in (__file__, advice.__file__):
            frame = frame.f_back or frame
        self.lines.add((frame.f_code.co_filename, frame.f_lineno))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    monkeypatch.chdir(tmp_path)
    found = Recorder()
    monkeypatch.setattr(advice, "shlex", found)
    monkeypatch.setattr(advice, "json", found)
    return found


def type_it(text: str) -> None:
    """Type a command, or an override of `planrec train`, as far as nothing is computed."""
    words = shlex.split(text)
    verb, words = (words[1], words[2:]) if words[:1] == ["planrec"] else ("train", words)
    options_, unknown = command_parser(verb).parse_known_args([verb, *words])
    assert options_.verb == verb
    if verb != "train":
        assert unknown == [], text
        return
    overrides = [word for word in unknown if "=" in word and not word.startswith("-")]
    check_overrides(overrides, multirun=True)
    for override in overrides:
        key = override.lstrip("+").partition("=")[0]
        assert key.startswith("hydra.") or any(is_below(key, known) for known in known_keys()), text


def is_below(key: str, known: str) -> bool:
    return key == known or key.startswith(f"{known}.")


def known_keys() -> set[str]:
    """Return the dotted keys of all options, up to mappings whose names are made up."""
    keys = {*groups(), *content_of(CONF / "train.yaml")}
    keys |= {key for file in (CONF / "evaluation").glob("*.yaml") for key in content_of(file)}
    for group in groups():
        for option in options(group):
            keys |= set(dotted(inherited(group, option), f"{group}."))
    return keys | {"search.space", "waivers", "gates", "fairness", "owner"}


def dotted(tree: dict[str, object], before: str) -> Iterator[str]:
    for name, value in tree.items():
        yield f"{before}{name}"
        if isinstance(value, dict):
            yield from dotted(value, f"{before}{name}.")


@dataclass(frozen=True)
class Call:
    """A call of `advice` in the sources."""

    file: Path
    node: ast.Call

    @property
    def lines(self) -> set[tuple[str, int]]:
        end = self.node.end_lineno or self.node.lineno
        return {(str(self.file), line) for line in range(self.node.lineno, end + 1)}

    @property
    def constants(self) -> tuple[list[object], dict[str, object]] | None:
        """The arguments, or None unless all are constants."""
        try:
            named = {str(word.arg): ast.literal_eval(word.value) for word in self.node.keywords}
            return [ast.literal_eval(word) for word in self.node.args], named
        except ValueError:
            return None


def calls() -> list[Call]:
    callers = [file for file in SOURCES if advice.__name__ in file.read_text("utf-8")]
    return [
        Call(file, node)
        for file in callers
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in FUNCTIONS & imported(file)
    ]


def imported(file: Path) -> set[str]:
    """Return the names that a file imports from `planrec.commands.advice`."""
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.name for node in imports if node.module == advice.__name__ for name in node.names}


def test_calls_with_constants_can_be_typed() -> None:
    of_constants = [(call.node.func.id, call.constants) for call in calls() if call.constants]  # type: ignore[attr-defined]
    assert len(of_constants) >= 45
    for name, (arguments, named) in of_constants:
        type_it(getattr(advice, name)(*arguments, **named))


def refused(*overrides: str) -> Callable[[], object]:
    """Return a producer of the messages about these overrides."""

    def produce() -> None:
        with pytest.raises(PlanRecError):
            compose(*overrides)

    return produce


def refused_file(content: str, **changes: object) -> Callable[[], object]:
    """Return a producer of the messages and notes about a table."""

    def produce() -> None:
        from tests.data.test_table import options as table_options

        Path("table.csv").write_text(content, "utf-8")
        with suppress(PlanRecError):
            table_options(**changes).load(None)

    return produce


def size_doubts() -> None:
    from planrec.data.usage_sizes import size_notes
    from planrec.data.usage_units import megabytes_note, unit_doubt

    ladder = compose("catalogue=ladder").catalogue.open()
    for usage in (np.full(30, 1e-3), np.full(30, 1e7)):
        size_notes({"data_mib": usage, "voice_minutes": usage, "voice_calls": usage}, ladder)
    unit_doubt("data_mib", "monthly_gb", CellForm())
    megabytes_note("data_mib", "mb", CellForm())


def check_findings() -> None:
    from planrec.checks import Findings, _ways_out
    from planrec.checks.suspects import _way_out

    _ways_out("leakage_screen", Findings(("leak",), drop=tuple(HOSTILE)), tuple(HOSTILE))
    _ways_out("overlap", Findings(("shared",)), ())
    _way_out(HOSTILE)


def folds() -> None:
    from planrec.cv.fold_assignment import _check_room

    with pytest.raises(PlanRecError):
        _check_room(np.array([0, 0, 0, 1, 1]), 5, "rows", ("a", "b"))


def cell_names() -> None:
    from planrec.sweeps.cell_names import _problem

    _problem("x" * 300, 0)


def ids_of_attributes() -> None:
    n = 60
    rows = [f"{'ab'[i % 2]},{1000 + i // 2 * 7},{i % 3},{chr(65 + i % 26)}" for i in range(n)]
    refused_file("plan,a:b id,x,${y}\n" + "\n".join(rows))()


def nested_attributes() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.data.test_table import options as table_options

    pq.write_table(pa.table({"plan": ["a", "b"] * 20, "it's": [[1]] * 40}), "table.parquet")
    with pytest.raises(PlanRecError):
        table_options(path="table.parquet").load(None)


def sheets() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    from planrec.data.reading.open_input import open_input

    book = openpyxl.Workbook()
    book.active.title = "it's ${x}"
    for sheet in (book.active, book.create_sheet("b")):
        sheet.append(["plan", "mb"])
    book.save("book.xlsx")
    with pytest.raises(PlanRecError):
        open_input(Path("book.xlsx"))


def two_decimals() -> None:
    refused_file("plan;mb\na;1.721\nb;2.000\n")()
    refused_file("plan;mb;z\na;1.721;2,5\nb;2.000;2,5\n")()
    refused_file("plan;mb\na;1.721\nb;2.000\n", usage_columns={"data_mib": "mb"})()


def commands_of_runs() -> None:
    folders = (Path("a b"), Path("c,d"))
    for folder in folders:
        folder.mkdir()
    command_of(["model=lgbm", "data.path=my file.csv"], folders)


def messages_of_pins() -> None:
    from planrec.runs.find import newest_run
    from planrec.runs.read import read_run_json
    from planrec.serving.pin import _advice, pin_name
    from planrec.serving.pin_writing import _check_unchanged

    for folder in (Path("-spring runs"), Path("outputs")):
        _advice(folder)
        with pytest.raises(PlanRecError):
            newest_run(folder)
        with pytest.raises(PlanRecError):
            pin_name(Path("/elsewhere/-x"), folder)
        with pytest.raises(PlanRecError):
            _check_unchanged(None, SimpleNamespace(run="x", pinned_at="y", pinned_by="z"), folder)  # type: ignore[arg-type]
    Path("-sweep").mkdir()
    Path("-sweep", "sweep.json").write_text("{}", "utf-8")
    with pytest.raises(PlanRecError):
        read_run_json(Path("-sweep"))


def messages_of_reports() -> None:
    from planrec.reports.explanation.refit import _check_reads_features
    from planrec.reports.page.requested_runs import read_requested_runs

    model = SimpleNamespace(kind="forecast", traits=SimpleNamespace(reads="history"))
    saved = SimpleNamespace(folder=Path("-out puts/1"), config=SimpleNamespace(model=model))
    with pytest.raises(PlanRecError):
        _check_reads_features(saved)  # type: ignore[arg-type]
    Path("empty").mkdir()
    Path("empty", "sweep.json").write_text("{}", "utf-8")
    with pytest.raises(PlanRecError):
        read_requested_runs([Path("empty")])


def private_keys() -> None:
    pytest.importorskip("cryptography")
    from planrec.serving.bundle.private_key import _read_key

    with pytest.raises(PlanRecError):
        _read_key(Path("-my key"))


def scored() -> None:
    from planrec.cli.score import _command

    _command(
        Namespace(
            input=Path("-months '1'.csv"),
            output=Path("advice.csv"),
            run="latest",
            language="es",
            no_reasons=True,
            log="sqlite:///x",
            outputs=Path("-outputs"),
            overrides=["data.sheet=x"],
            passed_on=['data.blank=["${x}"]'],
        )
    )


def words_of_frames() -> None:
    from planrec.notebook.months_file import words

    words({"data.path": "an operator's ${x}, made up.csv"})


def simulated() -> None:
    assert main(["simulate", "an operator's ${x}, made up", "--n-subscribers=20", "--n-months=2"]) == 0


PRODUCERS: dict[str, Callable[[], object]] = {
    "labels": lambda: label_notes(
        np.array([*HOSTILE, *(name.upper() + " " for name in HOSTILE), *["x"] * 30], object),
        np.arange(2 * len(HOSTILE) + 30),
        "plan",
    ),
    "sizes": size_doubts,
    "checks": check_findings,
    "folds": folds,
    "cell names": cell_names,
    "ids": ids_of_attributes,
    "nested": nested_attributes,
    "bands": refused_file("plan,a:b\na,x\nb,y\n", protected_columns={"a:b": (1.0, 2.0)}),
    "sheets": sheets,
    "decimals": two_decimals,
    "a text for a list": refused(
        'data.drop_columns="Año, x"', "data=table", "data.path=f", "data.plan_column=p"
    ),
    "a number for a text": refused("data=table", "data.path=f", "data.plan_column=7"),
    "baselines": refused("baselines=stay"),
    "several": refused("model=dummy,stay"),
    "an open bracket": refused("metrics=[accuracy"),
    "no quotes": refused("data=table", "data.path=Año"),
    "a strange key": refused("data=table", "+data.plan_names.Año=x"),
    "a strange path": refused("data=table", "+data.plan_names.größe.x=a"),
    "a list of options": refused("model=[dummy,stay]"),
    "an option that is added": refused("+model=dummy"),
    "a new name": refused("data=table", "data.path=f", "data.plan_column=p", "data.plan_names.x=y"),
    "rows without time": refused(
        "data=table", "data.path=f", "data.plan_column=p", "target=held", "cv=rolling"
    ),
    "short windows": refused("policy.min_months=9"),
    "gates": refused("metrics=[log_loss]", "+gates.harm_rate=0.1"),
    "no search": refused("cv=nested"),
    "another search": refused("search=lgbm", "model=logistic", "cv=nested"),
    "commands of runs": commands_of_runs,
    "pins": messages_of_pins,
    "reports": messages_of_reports,
    "keys": private_keys,
    "score": scored,
    "frames": words_of_frames,
    "simulate": simulated,
}
"Name -> code that makes commands, with hostile names if it takes names."

BY_TRAINED_RUNS = {
    "planrec/cli/bundle.py": "tests/serving/bundle",
    "planrec/cli/campaign.py": "tests/campaigns",
    "planrec/cli/card.py": "tests/reports",
    "planrec/cli/pin.py": "tests/cli",
    "planrec/notebook/campaigning.py": "tests/notebook",
    "planrec/notebook/operating.py": "tests/notebook",
    "planrec/reports/run_list/followed_runs.py": "tests/api",
    "planrec/reports/run_list/run_row.py": "tests/api",
    "planrec/serving/rollback.py": "tests/serving",
    "planrec/operating/rehearsal/retraining.py": "tests/operating/rehearsal",
    "planrec/operating/rehearsal/training.py": "tests/operating/rehearsal",
    "planrec/serving/new_plans.py": "tests/serving",
    "planrec/sweeps/sweep_terminal.py": "tests/sweeps",
    "planrec/training/run_terminal.py": "tests/cli",
}
"Files whose commands need a trained run -> the tests that make it; their values are paths only."


@pytest.mark.slow
def test_every_other_command_is_made_and_typed(recorder: Recorder) -> None:
    for produce in PRODUCERS.values():
        produce()
    assert len(recorder.texts) >= 60
    for text in set(recorder.texts):
        type_it(text)
    own = [call for call in calls() if "planrec/commands" not in str(call.file)]
    missed = [
        f"{place}:{call.node.lineno}"
        for call in own
        if not call.constants and not call.lines & recorder.lines
        if (place := call.file.relative_to(REPOSITORY).as_posix()) not in BY_TRAINED_RUNS
    ]
    assert missed == [], missed


def strings_of(file: Path) -> Iterator[str]:
    """Yield the strings of a file that are no docstrings; `{}` takes the place of inserted values."""
    tree = ast.parse(file.read_text("utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    parts |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


ADVICE = re.compile(r"\b(?:type|or|add|set|choose) (?:-m )?'?(\+?[a-z_]+(?:\.[\w{}]+)*=[^\s;,:'\"`)]+)")
COMMAND = re.compile(r"\bplanrec (?:[a-z-]+)(?: -[-\w]+)*")


def test_no_message_builds_an_override_by_itself() -> None:
    built = {
        (file.name, found)
        for file in SOURCES
        for text in strings_of(file)
        for found in ADVICE.findall(text)
        if "{}" in found
    }
    assert built == set()


def test_overrides_in_constants_can_be_read() -> None:
    first = "|".join({*groups(), *content_of(CONF / "train.yaml")} - {"target"})
    override = re.compile(rf"(?<![\w.$])\+?(?:{first})(?:\.\w+)*=[^\s;,:'\"`)]+")
    found = {found for file in SOURCES for text in strings_of(file) for found in override.findall(text)}
    constants = {text.rstrip(".") for text in found if "{}" not in text and "=[" not in text}
    assert len(constants) >= 15
    for text in constants:
        assert parsed_override(text) is not None, text


def test_commands_in_constants_have_a_verb_and_its_flags() -> None:
    found = {
        tuple(found.split())
        for file in SOURCES
        for text in strings_of(file)
        for found in COMMAND.findall(text)
    }
    named = {words for words in found if words[1] in VERBS}
    assert len(named) >= 10
    for _, verb, *flags in named:
        text = main_help(verb)
        assert all(flag in text for flag in flags), (verb, flags)


def main_help(verb: str) -> str:
    """Return the help of a verb."""
    with redirect_stdout(StringIO()) as printed:
        assert main([verb, "--help"]) == 0
    return f"{printed.getvalue()} --hydra-help"
