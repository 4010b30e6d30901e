"""Leaderboard: tables, ranks, paired differences, marks, failed cells, files."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.errors import RunError
from planrec.reports.leaderboard import leaderboard
from planrec.reports.leaderboard.board import FOOTNOTE, Board, board_of
from planrec.reports.leaderboard.board_files import (
    as_csv,
    as_json,
    escape_markdown,
    footnotes,
    markdown_lines,
)
from planrec.reports.leaderboard.board_html import as_html
from planrec.reports.leaderboard.board_rows import SELECTED, BoardRow
from tests.html_document import HtmlDocument
from tests.small_sweeps import SMALL_SWEEP, sweep_into
from tests.trained_runs import edit_run, train_into


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> Path:
    """Train five runs: three on the same folds, one on other folds, one on other data."""
    folder = tmp_path_factory.mktemp("outputs")
    train_into(folder / "day" / "lgbm", "model=lgbm")
    train_into(folder / "day" / "few", "model=lgbm", "model.num_leaves=3", "model.n_estimators=5")
    train_into(folder / "day" / "logistic", "model=logistic")
    train_into(folder / "day" / "folds", "model=logistic", "seed=1")
    train_into(folder / "day" / "data", "model=logistic", "data.n_subscribers=50")
    return folder


@pytest.fixture(scope="module")
def board(outputs) -> Board:
    return leaderboard([outputs])


@pytest.fixture
def copied(outputs, tmp_path) -> Path:
    """Copy the three comparable runs, so that tests can change them."""
    for name in ("lgbm", "few", "logistic"):
        shutil.copytree(outputs / "day" / name, tmp_path / name)
    return tmp_path


def rows(board: Board, kind: str = "own") -> list[BoardRow]:
    """Return rows of the table with most runs."""
    table = max(board.tables, key=lambda table: len(table.rows))
    return [row for row in table.rows if row.is_baseline == (kind == "baseline")]


def content(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text("utf-8"))


def test_runs_on_other_data_or_folds_have_their_own_tables(board):
    assert sorted(len(table.rows) for table in board.tables) == [2, 2, 4]
    assert board.tables[0].differs == ()
    differs = " | ".join(line for table in board.tables for line in table.differs)
    assert re.search(r"other data: data.n_subscribers: (50 -> 60|60 -> 50)", differs)
    assert "other folds: they follow from the data" in differs


def test_other_folds_on_the_same_data_are_explained_by_their_setting(outputs):
    found = leaderboard([outputs / "day" / name for name in ("lgbm", "folds")])
    assert found.tables[1].differs in (("other folds: seed: 0 -> 1",), ("other folds: seed: 1 -> 0",))
    assert all("180 decisions of 60 subscribers" in table.title for table in found.tables)


def test_changed_data_with_the_same_configuration_is_reported(copied):
    edit_run(copied / "few", lambda run: run.update(data_fingerprint="0" * 64, folds_fingerprint="1" * 64))
    second = leaderboard([copied]).tables[1]
    assert second.differs[0] == "other data: the data itself changed, the configuration did not"


def test_rows_are_ranked_in_the_better_direction(outputs):
    for metric, best_first in (("log_loss", 1), ("accuracy", -1)):
        ranked = [row for row in rows(leaderboard([outputs], metric)) if row.rank is not None]
        scores = [best_first * row.values[metric].value for row in ranked]
        assert scores == sorted(scores)
        assert len(ranked) == 3
        assert all(table.metric == metric for table in leaderboard([outputs], metric).tables)


def test_values_and_differences_match_the_runs(board):
    own = rows(board)
    for row in own:
        saved = next(
            v
            for v in content(row.run.folder)["metrics"]
            if v["metric"] == "log_loss" and v["model"] == row.model
        )
        assert vars(row.values["log_loss"]) == {end: saved[end] for end in ("value", "low", "high")}
        assert row.difference.value == pytest.approx(
            row.values["log_loss"].value - own[0].values["log_loss"].value
        )
    assert vars(own[0].difference) == {"value": 0, "low": 0, "high": 0}
    assert own[1].difference.low < own[1].difference.value < own[1].difference.high


def test_baselines_are_shown_once_without_speed_size_or_command(board):
    (popular,) = rows(board, "baseline")
    assert popular.label == "popular"
    assert popular.command is None
    assert (popular.cost.model_bytes, popular.cost.one_row_p50_ms, popular.cost.rows_per_second) == (
        None,
    ) * 3
    assert popular.cost.fit_seconds > 0
    assert popular.rank is None  # a rule claims no probabilities, so it has no log-loss
    assert "accuracy" in popular.values


def test_baseline_is_ranked_if_it_has_a_value(outputs):
    (popular,) = rows(leaderboard([outputs], "accuracy"), "baseline")
    assert popular.rank is not None
    assert popular.difference is not None


def test_baselines_that_differ_in_value_are_not_merged(copied):
    def worse(run):
        next(v for v in run["metrics"] if v["model"] == "popular" and v["metric"] == "accuracy")["value"] = (
            0.01
        )

    edit_run(copied / "few", worse)
    assert len(rows(leaderboard([copied]), "baseline")) == 2


def test_rows_have_costs_and_the_command_that_repeats_them(board):
    for row in rows(board):
        run = content(row.run.folder)
        assert row.cost.model_bytes == (row.run.folder / "model.skops").stat().st_size
        assert row.cost.fit_seconds == run["fit_seconds"][row.model]
        assert row.cost.one_row_p99_ms == run["speed"]["one_row_p99_ms"]
        assert row.command == run["command"]


def test_labels_are_the_options_in_which_the_runs_differ(board):
    assert {row.label for row in rows(board)} == {
        "model=lgbm model.n_estimators=null model.num_leaves=null",
        "model=lgbm model.n_estimators=5 model.num_leaves=3",
        "model=logistic",
    }


def test_single_run_is_labelled_by_its_model(outputs):
    assert [row.label for row in rows(leaderboard([outputs / "day" / "lgbm"]))] == ["lgbm"]


def test_only_the_best_of_several_settings_is_marked(board):
    marked = [row for row in rows(board) if row.marks]
    assert [row.marks for row in marked] == [
        ("best of 2 settings: chosen on these folds, so its value is too optimistic",)
    ]
    lgbm = [row for row in rows(board) if row.model == "lgbm"]
    assert marked == lgbm[:1]


def test_repeated_settings_are_not_marked(copied):
    shutil.copytree(copied / "lgbm", copied / "again")
    shutil.rmtree(copied / "few")
    assert [row.marks for row in rows(leaderboard([copied]))] == [(), (), ()]


def test_best_of_several_feature_sets_is_marked(copied):
    shutil.copytree(copied / "lgbm", copied / "other")
    shutil.rmtree(copied / "few")
    edit_run(copied / "other", lambda run: run["config"]["features"].update(kind="table"))
    best = "best of 2 settings: chosen on these folds, so its value is too optimistic"
    assert sum(best in row.marks for row in rows(leaderboard([copied]))) > 0


def test_runs_with_other_owners_are_not_marked(copied):
    shutil.copytree(copied / "lgbm", copied / "other")
    shutil.rmtree(copied / "few")
    edit_run(copied / "other", lambda run: run["config"].update(owner="somebody else"))
    assert [row.marks for row in rows(leaderboard([copied]))] == [(), (), ()]


def test_run_chosen_by_a_search_is_marked(copied):
    edit_run(copied / "logistic", lambda run: run.update(selected=True))
    (marked,) = [row for row in rows(leaderboard([copied])) if row.model == "logistic"]
    assert marked.marks == (SELECTED,)


def test_nested_runs_are_never_marked(copied):
    for name in ("lgbm", "few", "logistic"):
        edit_run(
            copied / name, lambda run: (run["config"]["cv"].update(kind="nested"), run.update(selected=True))
        )
    assert [row.marks for row in rows(leaderboard([copied]))] == [(), (), ()]


def test_unreadable_runs_are_listed_with_the_reason(copied, capsys):
    (copied / "few" / "run.json").unlink()
    (copied / "logistic" / "out_of_fold.parquet").write_bytes(b"PAR1")
    shutil.copytree(copied / "lgbm", copied / "without")
    (copied / "without" / "model.skops").unlink()
    assert main(["leaderboard", str(copied)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not shown: ")]
    assert len(lines) == 3
    assert "few holds no run.json: the run did not finish" in lines[0]
    assert "out_of_fold.parquet is not the file that this run saved" in lines[1]
    assert "model.skops is missing" in lines[2]


def test_without_readable_runs_the_exit_code_is_1(copied, capsys):
    for run in copied.glob("*/run.json"):
        run.write_text("{}")
    assert main(["leaderboard", str(copied)]) == 1
    assert capsys.readouterr().out.count("not shown: ") == 3


def test_missing_and_empty_folders_are_errors(tmp_path):
    with pytest.raises(RunError, match=r"no run below .*: train one with planrec train"):
        leaderboard([tmp_path])
    said = "expected folders of runs, such as outputs/, which planrec train makes"
    with pytest.raises(RunError, match=f"(?s)^{said}.*nowhere is not a folder"):
        leaderboard([tmp_path, tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("acuracy", "--metric acuracy: no such metric (did you mean 'accuracy'?); allowed: regret,"),
        ("f1", "--metric f1: it has several values, so it cannot rank; allowed: regret,"),
        ("switch_rate", "--metric switch_rate: it has no better direction, so it cannot rank"),
    ],
)
def test_metric_that_cannot_rank_is_refused(outputs, metric, why, capsys):
    assert main(["leaderboard", str(outputs), "--metric", metric]) == 2
    assert why in capsys.readouterr().err


def test_table_is_not_ranked_by_a_metric_that_no_run_measured(outputs, capsys):
    assert main(["leaderboard", str(outputs), "--metric", "regret"]) == 0
    assert "not ranked: no run here measured" in capsys.readouterr().out
    assert all(row.rank is None for table in leaderboard([outputs], "regret").tables for row in table.rows)


def test_links_to_runs_are_followed_and_each_run_is_shown_once(outputs, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).symlink_to(outputs / "day" / "lgbm", target_is_directory=True)
    for name in ("loop", "another"):  # if followed without end, two loops are 2**40 folders
        (tmp_path / name).symlink_to(tmp_path, target_is_directory=True)
    assert len(rows(leaderboard([tmp_path]))) == 1
    assert len(rows(board_of([tmp_path / "one", tmp_path / "two", outputs / "day" / "lgbm"]))) == 1


def without_times_and_paths(board: Board) -> dict:
    found = json.loads(as_json(board))
    for table in found["tables"]:
        for row in table["rows"]:
            del row["times"], row["sizes"], row["paths"]
    return found | {"paths": None}


def test_json_of_repeated_runs_differs_in_times_and_paths_only(copied, outputs):
    edit_run(copied / "few", lambda run: run["speed"].update(one_row_p50_ms=99.0))
    moved = board_of(sorted(copied / name for name in ("logistic", "few", "lgbm")))
    names = ("lgbm", "few", "logistic")
    assert without_times_and_paths(moved) == without_times_and_paths(
        board_of([outputs / "day" / name for name in names])
    )


def test_csv_can_be_parsed(board):
    lines = list(csv.DictReader(io.StringIO(as_csv(board))))
    expected = [(table, row) for table in board.tables for row in table.rows]
    assert len(lines) == len(expected)
    for line, (table, row) in zip(lines, expected, strict=True):
        assert line["table"] == table.title
        assert line["label"] == row.label
        assert float(line["accuracy"]) == row.values["accuracy"].value
        assert line["command"] == (row.command or "")


HOSTILE = '<script>alert("x")</script> [red]|`&'


def page_of(html: str) -> HtmlDocument:
    """Parse a page that must not load or link anything."""
    page = HtmlDocument(html)
    assert not {"src", "href"} & {name for _, name, _ in page.attributes}
    return page


def test_texts_of_runs_are_escaped(copied, capsys):
    edit_run(copied / "few", lambda run: run.update(command=HOSTILE, run_id=HOSTILE))
    edit_run(copied / "lgbm", lambda run: run["config"]["policy"].update(note=HOSTILE))
    shutil.copytree(copied / "lgbm", copied / HOSTILE.replace("/", "_"))
    (copied / HOSTILE.replace("/", "_") / "run.json").unlink()
    found = leaderboard([copied])
    page = page_of(as_html(found))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 3
    assert not re.search(r"https?:|url\(|@import", as_html(found))
    assert main(["leaderboard", str(copied)]) == 0
    assert HOSTILE in capsys.readouterr().out
    label = next(row.label for row in rows(found) if HOSTILE in row.label)
    assert any(escape_markdown(label) in line for line in markdown_lines(found))


def test_markdown_has_a_cell_per_head_and_the_footnote(board):
    lines = markdown_lines(board)
    tables = [line for line in lines if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables}
    assert len(widths) == 1
    assert any(escape_markdown(FOOTNOTE) in line for line in lines)


def test_files_are_written_to_the_given_paths(outputs, tmp_path, capsys):
    files = [tmp_path / "deep" / f"board.{kind}" for kind in ("csv", "json", "html")]
    options = [text for file in files for text in (f"--{file.suffix[1:]}", str(file))]
    assert main(["leaderboard", str(outputs), *options]) == 0
    assert capsys.readouterr().out.count("wrote ") == 3
    assert json.loads(files[1].read_text("utf-8"))["schema"] == "planrec.leaderboard/1"
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == sorted(f.name for f in files)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory) -> Path:
    """Run one cell that finishes and one that fails."""
    return sweep_into(tmp_path_factory.mktemp("sweep"), "model=logistic", "cv.n_folds=2,1000")


ERROR = "DataError: cv.n_folds=1000 needs a plan with at least 1000 subscribers"


def test_board_of_a_sweep_has_its_runs_and_its_failed_cells(sweep, capsys, tmp_path):
    files = [tmp_path / f"board.{kind}" for kind in ("csv", "json", "html")]
    options = [text for file in files for text in (f"--{file.suffix[1:]}", str(file))]
    assert main(["leaderboard", str(sweep), *options]) == 0
    screen = capsys.readouterr().out
    assert f"{sweep.parent.name}/{sweep.name}/1  {sweep / 'failed' / '1.log'}" in screen
    board = leaderboard([sweep])
    assert [row.model for row in rows(board)] == ["logistic"]
    (failed,) = board.failed
    assert (failed.number, failed.log) == (1, sweep / "failed" / "1.log")
    assert failed.log.read_text("utf-8").startswith("Traceback")

    *done, line = csv.DictReader(io.StringIO(files[0].read_text()))
    assert {line["status"] for line in done} == {"done"}
    assert line["status"] == "failed"
    assert line["label"] == " ".join([*SMALL_SWEEP, "model=logistic", "cv.n_folds=1000"])
    assert line["error"].startswith(ERROR)
    assert line["log"] == str(failed.log)

    (in_json,) = json.loads(files[1].read_text())["failed"]
    assert (in_json["number"], in_json["type"]) == (1, "DataError")
    assert in_json["overrides"][-1] == "cv.n_folds=1000"
    assert in_json["paths"]["log"] == str(failed.log)

    page = page_of(files[2].read_text("utf-8"))
    assert ERROR in page.text
    assert str(failed.log) in page.text

    in_markdown = next(line for line in markdown_lines(board) if escape_markdown(ERROR) in line)
    assert len(re.findall(r"(?<!\\)\|", in_markdown)) == 5


def test_failed_cells_below_a_folder_are_listed_until_they_are_complete(sweep, tmp_path):
    shutil.copytree(sweep.parents[2], tmp_path / "outputs", symlinks=True)
    assert [cell.number for cell in leaderboard([tmp_path]).failed] == [1]
    (copy,) = (tmp_path / "outputs" / "multirun").glob("*/*/sweep.json")
    # The state of a sweep that was killed after the link and before it removed the failure.
    (copy.parent / "1").symlink_to((copy.parent / "0").resolve(), target_is_directory=True)
    assert leaderboard([tmp_path]).failed == ()


def test_tags_and_markup_in_failures_are_escaped(sweep, tmp_path, capsys):
    shutil.copytree(sweep, tmp_path / "sweep")
    file = tmp_path / "sweep" / "failed" / "1.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"message": f"{HOSTILE}\nmore"}))
    page = page_of(as_html(leaderboard([tmp_path / "sweep"])))
    assert "script" not in page.tags
    assert f"DataError: {HOSTILE}" in page.text
    assert "more\n" not in page.text
    assert main(["leaderboard", str(tmp_path / "sweep")]) == 0
    assert "[red]" in capsys.readouterr().out


def test_sweep_whose_cells_all_failed_is_shown_with_exit_code_1(sweep, tmp_path, capsys):
    shutil.copytree(sweep / "failed", tmp_path / "failed")
    shutil.copy(sweep / "sweep.json", tmp_path)
    assert main(["leaderboard", str(tmp_path)]) == 1
    assert "Failed cells" in capsys.readouterr().out


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> Board:
    """Run a search, a nested run of the same search and a plain run, on the same folds."""
    folder = tmp_path_factory.mktemp("searched")
    sweep_into(folder, "cv.n_folds=2", "search=logistic", "search.n_trials=3")
    nested = ("cv=nested_grouped", "cv.outer.n_folds=2", "cv.inner.n_folds=2", "search=logistic")
    train_into(folder / "nested", *nested, "search.n_trials=2", small=SMALL_SWEEP)
    train_into(folder / "plain", "cv.n_folds=2", "model=dummy", small=SMALL_SWEEP)
    return leaderboard([folder])


def test_trials_of_a_search_are_marked_but_not_the_nested_run(searched):
    (table,) = searched.tables
    assert "cv=grouped and nested" in table.title
    own = rows(searched)
    assert all(row.rank for row in own)
    by_kind = {
        kind: [SELECTED in row.marks for row in own if row.run.manifest.selected == kind]
        for kind in (True, False)
    }
    assert by_kind == {True: [True] * 3, False: [False] * 2}
    (nested,) = [row for row in own if row.run.manifest.config["cv"]["kind"] == "nested"]
    assert nested.marks == ()
    assert nested.label == "model=logistic search=logistic cv=nested"


def test_mark_of_several_rows_has_one_footnote_that_names_the_remedy(searched):
    (table,) = searched.tables
    notes = footnotes(table)
    assert f"3 rows: {SELECTED}" in notes
    assert "cv=nested" in notes[-1]
