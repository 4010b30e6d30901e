"""The commands and plans of docs/how-to/describe-your-plans.md work."""

import re
from pathlib import Path

import pytest

from planrec.catalogue import CatalogueFile
from planrec.cli import main
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "how-to" / "describe-your-plans.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def plans(tmp_path, monkeypatch):
    """The printed YAML as the file that it names, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (printed,) = blocks("yaml")
    name, _, content = printed.partition("\n")
    assert name == "# plans.yaml"
    Path("plans.yaml").write_text(content, "utf-8")


@pytest.mark.usefixtures("plans")
def test_the_printed_invoices_are_those_of_the_printed_plans(capsys):
    (code,), (answer,) = blocks("python"), blocks("text")
    exec(compile(code, "describe-your-plans.md", "exec"), {})
    assert capsys.readouterr().out == answer
    assert "21.57 in all" in PAGE


@pytest.mark.usefixtures("plans")
def test_the_printed_commands_run_on_the_printed_plans():
    made_up, trained = blocks("sh")
    command, *arguments = made_up.split()
    assert (command, arguments[0], main(arguments)) == ("planrec", "simulate", 0)
    command, *arguments = trained.split()
    quick = ["model=popular", "baselines=[]", "n_bootstrap=20", "cv.n_folds=2"]
    assert (command, arguments[0], main([*arguments, *quick])) == ("planrec", "train", 0)


@pytest.mark.usefixtures("plans")
def test_every_clause_of_the_table_fits_the_printed_plans():
    clauses = re.findall(r"`((?:rounding|overage|cap_per_period|eligibility): [^`]+)`", PAGE)
    assert len(clauses) >= 8
    text = Path("plans.yaml").read_text("utf-8")
    for clause in clauses:
        key = clause.partition(":")[0]
        changed = re.sub(rf"{key}: (\{{[^}}]*\}}|\[\]|\"[^\"]*\")", lambda _, c=clause: c, text, count=1)
        Path("plans.yaml").write_text(changed, "utf-8")
        assert clause in changed
        CatalogueFile(schema="file", path="plans.yaml").open()
