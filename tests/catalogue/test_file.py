"""`catalogue=file`: an operator's own YAML is read once, checked whole, and kept by the run."""

from pathlib import Path

import pytest
import yaml

from planrec.catalogue import CatalogueFile
from planrec.cli import main
from planrec.config.compose import compose
from planrec.errors import CatalogueError, ConfigError, RunError
from planrec.runs.read import load_run, read_manifest, replay_golden
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.catalogue.catalogues import CONF, raw_catalogue, shipped
from tests.conftest import SMALL


@pytest.fixture
def plans(tmp_path, monkeypatch):
    """An operator's file in the working directory."""
    monkeypatch.chdir(tmp_path)
    return Path("plans.yaml")


def opened(path):
    return CatalogueFile(schema="file", path=str(path)).open()


def problem_with(file, content):
    """The error of a file of this content, as a person reads it."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CatalogueError) as caught:
        opened(file)
    return str(caught.value)


@pytest.mark.parametrize("first", [b"", b"\xef\xbb\xbf"], ids=["as shipped", "with a byte order mark"])
def test_an_operators_file_gives_its_catalogue(plans, first):
    plans.write_bytes(first + (CONF / "ladder.yaml").read_bytes())
    assert opened(plans) == shipped("ladder")


def test_every_problem_is_reported_at_once_with_path_and_plan(plans):
    raw = raw_catalogue("ladder")
    raw["version"] = 2018.12
    raw["plans"][0]["fee"] = {"recurring": 14, "activaton": "0.00"}
    raw["plans"][1]["services"]["sms"]["rounding"] = {"scope": "nne"}
    raw["plans"][1]["rollover"] = True
    raw["plans"][2]["id"] = "light"
    assert problem_with(plans, yaml.safe_dump(raw)).splitlines() == [
        "plans.yaml is not a valid catalogue file",
        "  - version: must be text, got 2018.12",
        "  - plans.0.fee.recurring of plan 'mini': money must be a decimal string like \"20.00\", got 14",
        "  - plans.0.fee.activation of plan 'mini': must be given and is missing",
        "  - plans.0.fee.activaton of plan 'mini': no such key (did you mean 'activation'?)",
        "  - plans.1.services.sms.rounding of plan 'light': 'scope' must be one of 'none', 'event', 'period',"
        " got 'nne'",
        "  - plans.1.rollover of plan 'light': rollover: not supported yet; nearest: the allowance without"
        " what is carried over; see docs/how-to/describe-your-plans.md",
        "  - plans.2.id of plan 'light': plan id 'light' is already used by plan 1; ids must differ"
        " (and the two are valid at the same time)",
    ]


def test_a_wrong_only_plan_and_no_plan_are_different_problems(plans):
    raw = raw_catalogue("ladder")
    raw["plans"] = raw["plans"][:1]
    raw["plans"][0]["sellable"] = "yess"
    assert problem_with(plans, yaml.safe_dump(raw)).count("\n") == 1
    assert "plans: " in problem_with(plans, yaml.safe_dump(raw | {"plans": []}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "schema: x\nplans:\n\t- id: a\n",
            r"plans.yaml, line 3, column 1: not YAML: found character '\t' that cannot start any",
        ),
        (
            "schema: x\nplans: [\n",
            "plans.yaml, line 3, column 1: not YAML: expected the node content, but found '<stream end>'",
        ),
        ("a: 1\nb: 2\na: 3\n", "plans.yaml, line 3, column 1: not YAML: the key 'a' is given twice"),
        (b"a: 1\nname: caf\xe9\n", "plans.yaml must be text in UTF-8: line 2 has the byte 0xe9"),
        ("a: \x00\n", "plans.yaml: not YAML: unacceptable character"),
        ("[" * 3000, "plans.yaml: not readable YAML: it is nested too deeply"),
        ("", "plans.yaml must have `key: value` lines, `schema:` first; it is empty"),
        ("- surf\n", "got ['surf']"),
        ("schema: planrec.catalogue/1\n", "plans: must be given and is missing"),
    ],
)
def test_a_file_that_is_not_a_catalogue_is_refused_with_the_place(plans, content, message):
    assert message in problem_with(plans, content)


def test_a_missing_file_suggests_similar_ones_and_names_the_folders(plans):
    plans.write_text("")
    with pytest.raises(CatalogueError) as caught:
        opened("plan.yaml")
    assert "catalogue.path: no file 'plan.yaml' (did you mean 'plans.yaml'?); set catalogue.path" in str(
        caught.value
    )
    assert caught.value.problems[0] == "not found: plan.yaml"


def test_a_folder_is_refused_with_the_files_in_it(plans):
    plans.write_text("")
    with pytest.raises(
        CatalogueError, match=r"must be a file, '\.' is a directory; files in it: 'plans.yaml'"
    ):
        opened(".")


def test_the_file_is_also_found_in_the_data_folder(plans, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("data")
    (elsewhere / "plans.yaml").write_bytes((CONF / "ladder.yaml").read_bytes())
    monkeypatch.setenv("PLANREC_DATA", str(elsewhere))
    assert opened(plans) == shipped("ladder")
    # The working directory comes first.
    plans.write_bytes((CONF / "megaline_us.yaml").read_bytes())
    assert opened(plans) == shipped("megaline_us")


def test_a_wrong_file_ends_the_command_with_2_and_leaves_no_folder(plans, capsys):
    plans.write_text("schema: planrec.catalogue/1\n")
    assert main(["train", "catalogue=file", "catalogue.path=plans.yaml"]) == 2
    first, *problems = capsys.readouterr().err.splitlines()
    assert first == (
        "error: plans.yaml is not a valid catalogue file (from override catalogue.path=plans.yaml)"
    )
    assert "  - plans: must be given and is missing" in problems
    assert not list(Path("outputs").glob("*/*"))


def test_a_missing_path_is_asked_for():
    with pytest.raises(ConfigError, match=r"catalogue\.path must be given: type catalogue\.path=VALUE"):
        compose("catalogue=file")


def test_one_config_never_sees_two_versions_of_its_file(plans):
    plans.write_bytes((CONF / "ladder.yaml").read_bytes())
    config = compose("catalogue=file", "catalogue.path=plans.yaml")
    plans.write_text("gone")
    assert config.catalogue.open() == shipped("ladder")


@pytest.fixture
def run_on_a_file(plans):
    """The folder of a run whose catalogue file is gone."""
    plans.write_bytes((CONF / "ladder.yaml").read_bytes())
    config = compose("catalogue=file", "catalogue.path=plans.yaml", "model=popular", "baselines=[]", *SMALL)
    folder = Path("outputs", "2030-01-31", "12-00-00-abc123")
    begin_run(folder, config, "planrec train")
    save_run(run(config), folder, "planrec train")
    plans.unlink()
    return folder


def test_a_run_keeps_its_plans_when_the_file_is_gone(run_on_a_file):
    saved = load_run(run_on_a_file)
    assert saved.recommender.catalogue == shipped("ladder")
    assert saved.manifest.catalogue_sha256 == shipped("ladder").sha256
    assert saved.manifest.config["catalogue"] == {"schema": "file", "path": "plans.yaml"}
    replay_golden(saved)


def test_a_run_whose_plans_were_changed_is_refused(run_on_a_file):
    file = run_on_a_file / "run.json"
    assert read_manifest(run_on_a_file).catalogue["plans"][0]["fee"]["recurring"] == "14.00"
    file.write_text(file.read_text("utf-8").replace('"recurring": "14.00"', '"recurring": "13.00"'), "utf-8")
    with pytest.raises(RunError, match=r"the catalogue in run\.json has another sha256"):
        load_run(run_on_a_file)
