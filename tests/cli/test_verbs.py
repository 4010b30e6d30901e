"""The command itself: its verbs, their help, mistakes in typing, and the spellings that stay."""

import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import planrec
from planrec.cli import VERBS, main
from planrec.config.hydra_keys import REFUSED, WORKS
from planrec.runs.provenance import versions
from tests.conftest import REPOSITORY

HEAVY = (
    *("numpy", "pandas", "pydantic", "scipy", "sklearn", "lightgbm", "pyarrow", "rich", "hydra", "omegaconf"),
    *("litestar", "uvicorn", "msgspec", "duckdb", "optuna", "matplotlib", "argcomplete"),
)


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys\nfrom planrec.cli import VERBS, main\n"
        "assert main(['--help']) == 0\n"
        "for verb in VERBS: assert main([verb, '--help']) == 0\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


def test_only_the_verb_that_was_typed_is_loaded():
    code = (
        "import sys\nfrom planrec.cli import main\nmain(['pin', '--help'])\n"
        "print([name for name in sorted(sys.modules) if name.startswith('planrec.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = [
        f"planrec.cli.{name}"
        for name in ("completers", "error_reporting", "pin", "shared_options", "verb_parser")
    ]
    assert done.stdout.endswith(f"\n{ours}\n")


def test_help_lists_every_verb_on_one_line_with_an_example(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    listed = re.findall(r"^  (\S+)  +[A-Z].+[^.]$", text, flags=re.MULTILINE)
    assert listed == list(VERBS)
    assert "\nexample: planrec " in text
    assert max(map(len, text.splitlines())) <= 100
    assert main(["--help", "train"]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_is_short_and_has_an_example(verb, capsys):
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: planrec {verb} ")
    assert re.search(rf"\nexample: .*planrec {verb}\b", text)
    if verb != "train":  # lists the options of every group
        assert len(text.splitlines()) <= 40


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_a_verb_is_understood(verb, capsys):
    from planrec.cli import command_parser

    assert main([verb, "--help"]) == 0
    (example,) = re.findall(rf"\nexample: .*?planrec ({verb}.*?)[)\"]*\n", capsys.readouterr().out)
    options, unknown = command_parser(verb).parse_known_args(example.split())
    assert options.verb == verb
    assert unknown == [] or verb == "train"


def test_a_wrong_verb_exits_with_2_and_names_the_nearest(capsys):
    assert main(["trian", "model=lgbm"]) == 2
    assert "no verb 'trian' (did you mean 'train'?); verbs: train, " in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--verbose"]])
def test_without_a_verb_the_exit_code_is_2_and_the_verbs_are_named(words, capsys):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert f"expected a verb: {', '.join(VERBS)}; planrec --help describes them" in said


def test_a_wrong_option_exits_with_2(capsys):
    assert main(["pin", "latest", "--dry"]) == 2, "options are not abbreviated"
    assert "unknown arguments for planrec pin: --dry" in capsys.readouterr().err


MISTAKES = {
    "card latest": "card must be one of model, data, got 'latest'",
    "card modle latest": "card must be one of model, data, got 'modle' (did you mean 'model'?)",
    "card model": "missing: RUN",
    "score": "missing: INPUT, OUTPUT",
    "score a.csv b.csv --language": "--language needs a value",
    "pin": "missing: one of RUN, --list, --rollback",
    "pin latest --rollback": "--rollback and RUN do not go together",
    "pin latest --dry-run=3": "--dry-run takes no value, got '3'",
    "simulate out --seed x": "--seed must be a whole number, got 'x'",
    "serve --port=x": "--port must be a whole number from 0 to 65535, got 'x'",
    "decisions": "missing: ACTION",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistyped_line_is_answered_with_the_rule_and_an_example(line, capsys):
    assert main(line.split()) == 2
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == f"error: {MISTAKES[line]}"
    assert re.fullmatch(rf"example: planrec {line.split()[0]}\b.*", last)


def test_a_mistyped_flag_of_hydra_is_answered_in_our_words(capsys):
    assert main(["train", "--cfg", "jobb"]) == 2
    assert "  - --cfg/-c must be one of job, hydra, all, got 'jobb' (did you" in capsys.readouterr().err


def test_the_version_is_that_of_the_installed_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"planrec {version('planrec')}\n"
    assert planrec.__version__ == versions()["planrec"] == version("planrec")


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("spelling", "printed"),
    [
        (["planrec", "--version"], f"planrec {version('planrec')}\n"),
        (["planrec.train", "model=dummy", "--cfg", "job", "--package", "model"], "kind: dummy\n"),
        (["planrec.train", "--cfg=hydra", "-p", "hydra.sweep.dir", "-m"], ""),
        (["api", "--new-key"], "hash, for the server: PLANREC_ACCESS__KEY_HASHES="),
    ],
)
def test_the_spellings_of_python_m(spelling, printed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", *spelling], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert printed in done.stdout
    assert done.returncode == (0 if printed else 2), done.stderr


def test_the_help_about_hydra_names_our_command_for_completion(capsys):
    assert main(["train", "--hydra-help"]) == 0
    shown = capsys.readouterr().out
    assert 'Bash - Install:\n    eval "$(planrec completion bash)"' in shown
    for key in (*WORKS, *(name for name in REFUSED if name not in ("hydra.job", "hydra.runtime"))):
        assert key in shown or key == "hydra.overrides"


@pytest.mark.parametrize("words", [["--version"], ["train", "--version"], ["train", "model=x", "--version"]])
def test_the_version_is_ours(words, capsys):
    assert main(words) == 0
    assert capsys.readouterr().out == f"planrec {version('planrec')}\n"


def test_openmp_waits_without_spinning_unless_set(monkeypatch, capsys):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert main(["--help"]) == 0
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert main(["--help"]) == 0
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_the_reference_lists_every_verb_with_its_page():
    page = (REPOSITORY / "docs" / "reference" / "command-line.md").read_text("utf-8")
    assert re.findall(r"^\| `planrec (\S+)` \|", page, flags=re.MULTILINE) == list(VERBS)
