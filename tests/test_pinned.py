import json
import shutil

import pytest

from planrec.compare import main as compare
from planrec.errors import RunError
from planrec.pin import main
from planrec.pinned import load_pinned, pin_run
from tests.sweeps import sweep_into


@pytest.fixture
def outputs(history_run, row_run, tmp_path):
    """A folder of outputs with two runs; `b` finished last."""
    shutil.copytree(history_run, tmp_path / "2030-01-31" / "a")
    shutil.copytree(row_run, tmp_path / "2030-01-31" / "b")
    (tmp_path / "2030-01-31" / "b" / "run.json").touch()
    return tmp_path


def test_the_pinned_run_is_the_one_that_is_served(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    assert load_pinned(outputs).folder == outputs / "2030-01-31" / "a"


def test_a_pin_remembers_the_one_before(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    pin = pin_run(outputs / "2030-01-31" / "b", outputs)
    assert (pin.run, pin.previous["run"]) == ("2030-01-31/b", "2030-01-31/a")


def test_latest_is_the_run_that_finished_last(outputs, capsys):
    assert main(["latest", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith("pinned 2030-01-31/b\n")


def test_with_nothing_pinned_the_command_that_pins_the_newest_run_is_named(outputs, tmp_path):
    with pytest.raises(RunError, match=r"python -m planrec\.pin latest"):
        load_pinned(outputs)
    with pytest.raises(RunError, match=r"train a run with python -m planrec\.train"):
        load_pinned(tmp_path / "elsewhere")


def test_a_changed_run_is_refused_and_the_pin_stays(outputs, capsys):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    (outputs / "2030-01-31" / "b" / "model.skops").write_bytes(b"")
    assert main([str(outputs / "2030-01-31" / "b"), "--outputs", str(outputs)]) == 1
    assert "model.skops is not the file that this run saved" in capsys.readouterr().err
    assert load_pinned(outputs).folder.name == "a"


def test_a_run_that_changed_after_it_was_pinned_is_refused(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    file = outputs / "2030-01-31" / "a" / "run.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(RunError, match="was changed after it was pinned"):
        load_pinned(outputs)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", json.dumps({"run": 3}).encode(), b"[" * 100_000]
)
def test_a_pin_file_that_is_none_is_refused_and_the_advised_command_mends_it(outputs, content):
    (outputs / "pinned.json").write_bytes(content)
    with pytest.raises(RunError, match=r"is not a pin .*python -m planrec\.pin latest"):
        load_pinned(outputs)
    assert main(["latest", "--outputs", str(outputs)]) == 0
    assert load_pinned(outputs).folder.name == "b"


def test_a_broken_run_json_is_told_without_a_traceback(outputs, capsys):
    (outputs / "2030-01-31" / "b" / "run.json").write_text("{")
    assert main(["latest", "--outputs", str(outputs)]) == 1
    assert "run.json cannot be read as JSON" in capsys.readouterr().err


def test_a_pinned_run_that_is_gone_is_named(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    shutil.rmtree(outputs / "2030-01-31" / "a")
    with pytest.raises(RunError, match="names 2030-01-31/a, which is not there"):
        load_pinned(outputs)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two finished cells and two that failed."""
    return sweep_into(tmp_path_factory.mktemp("sweep"), "model=dummy,logistic", "cv.n_folds=2,1000")


def test_a_cell_of_a_sweep_is_pinned_through_its_link_and_named_by_its_own_folder(sweep, capsys):
    link, outputs = sweep / "0", sweep.parents[2]
    assert main([str(link), "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith(f"pinned multirun/cells/{link.resolve().name}\n")
    link.rename(sweep / "10")
    assert load_pinned(outputs).folder == (sweep / "10").resolve()
    (sweep / "10").rename(link)


def test_a_sweep_itself_is_refused_with_what_to_type(sweep, tmp_path, capsys):
    assert main([str(sweep), "--outputs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{sweep} is a sweep, not one run: name a run of it, such as {sweep / '0'};" in said
    assert f"python -m planrec.leaderboard {sweep} says which is best" in said
    assert list(tmp_path.iterdir()) == []


def test_cells_of_a_sweep_are_compared_and_a_sweep_alone_is_refused(sweep, capsys):
    assert compare([str(sweep / "0"), str(sweep / "2")]) == 0
    assert "model: dummy -> logistic" in capsys.readouterr().out.replace("model.kind", "model")
    assert compare([str(sweep)]) == 1
    assert "is a sweep, not one run" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        compare([str(sweep / "0")])
    assert "B is missing" in capsys.readouterr().err
