"""Model cards: sections, figures, pinning, and the check of a stored card."""

import re
import shutil

import pytest
import yaml

from planrec.cli import main
from planrec.config.compose import compose
from planrec.config.conf_folder import CONF, options
from planrec.errors import RunError
from planrec.metrics import reliability
from planrec.reports.cards.card_check import ABSOLUTE, RELATIVE, differences
from planrec.reports.cards.card_prose import INTENDED, LEARNED, NEVER, QUESTION
from planrec.reports.cards.model_card import card_of
from planrec.reports.markdown import escape_markdown
from planrec.reports.page.run_view import read_run_view
from planrec.runs.read import load_run, read_manifest
from planrec.runs.write import begin_run, save_run
from planrec.serving.pin import load_pinned
from planrec.serving.pin_run import pin_run
from planrec.training.experiment import run
from planrec.training.verdict import verdict_of
from tests.conftest import REPOSITORY, SMALL
from tests.trained_runs import edit_run, train_into

SECTIONS = (
    "Summary",
    "Owner and licence",
    "Intended use",
    "Out of scope",
    "Target",
    "Data",
    "Metrics",
    "Groups",
    "Calibration",
    "Ethical considerations",
    "Caveats",
    "Waived checks and notes",
    "Selection",
    "This run",
)


@pytest.fixture
def copied(bill_run, tmp_path):
    """Copy a run into a folder of outputs, so that it can be pinned."""
    return shutil.copytree(bill_run, tmp_path / "outputs" / "2030-01-31" / "12-00-00-abc123")


@pytest.fixture
def card(bill_run):
    return card_of(bill_run)


def section_of(card, title):
    return card.split(f"\n## {title}\n\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", ["history_run", "bill_run", "row_run"])
def test_card_has_every_section_and_no_section_is_empty(name, request):
    card = card_of(request.getfixturevalue(name))
    assert tuple(re.findall("^## (.*)$", card, flags=re.MULTILINE)) == SECTIONS
    assert [title for title in SECTIONS if not section_of(card, title).strip()] == []


def test_every_target_has_its_sentences():
    kinds = {
        yaml.safe_load((CONF / "target" / f"{name}.yaml").read_text()).get("kind")
        for name in options("target")
    }
    assert kinds - {None} <= set(QUESTION)
    assert set(QUESTION) == set(INTENDED) == set(NEVER) == set(LEARNED)


def test_card_names_the_owner_and_the_waived_checks(tmp_path):
    waived = "waivers.leakage_screen='tenure is known | at sale'"
    config = compose(*SMALL, "model=dummy", "baselines=[]", "owner='Data [team](x)'", "licence=MIT", waived)
    begin_run(tmp_path, config, "train")
    save_run(run(config), tmp_path, "train", selected=True)
    card = card_of(tmp_path)
    assert r"Owner: Data \[team\](x)." in section_of(card, "Owner and licence")
    assert "Licence: MIT." in section_of(card, "Owner and licence")
    assert r"`leakage_screen` may fail: tenure is known \| at sale" in section_of(
        card, "Waived checks and notes"
    )
    assert "the figures are too optimistic" in section_of(card, "Selection")


def test_figures_of_a_card_are_those_of_the_run(bill_run, card):
    loaded = read_run_view(bill_run)
    value = loaded.figures()["regret"]
    assert f"| regret | {value:.3f} [" in section_of(card, "Metrics")
    assert "| regret\\_by" not in section_of(card, "Metrics")
    assert "| regret_by_held " in section_of(card, "Groups")
    for one in reliability(loaded.judged):
        assert f"| {one.confidence:.3f} | {one.hit_rate:.3f} |" in section_of(card, "Calibration")
    assert load_run(bill_run).manifest.data_fingerprint[:16] in section_of(card, "Data")


def test_card_begins_with_the_verdict_and_the_warnings(bill_run, tmp_path):
    folder = edit_run(shutil.copytree(bill_run, tmp_path / "run"), _harm_many)
    manifest = read_manifest(folder)
    sentence, *warnings = section_of(card_of(folder), "Summary").strip().split("\n\n")
    assert sentence.startswith(escape_markdown(verdict_of(manifest).sentence()))
    first = manifest.metrics[0]
    assert f"on {first.n_decisions:,} decisions of {first.n_subscribers:,} subscribers" in sentence
    assert [warning[:35] for warning in warnings] == [
        "**Warning:** harm_rate is 0.500 and",
        "**Warning:** a search chose this co",
    ]
    assert "Warning" not in section_of(card_of(folder), "Metrics")


def _harm_many(run):
    run["selected"] = True
    for value in run["metrics"]:
        if value["metric"] == "harm_rate":
            value["value"] = 0.5


def test_card_has_no_times(bill_run, card):
    manifest = read_manifest(bill_run)
    assert manifest.finished not in card
    assert "ms" not in section_of(card, "This run").split()


def test_pinning_a_run_writes_its_card(copied, card, capsys):
    outputs = copied.parents[1]
    assert main(["pin", str(copied), "--outputs", str(outputs)]) == 0
    assert str(copied / "model_card.md") in capsys.readouterr().out
    assert (copied / "model_card.md").read_text("utf-8") == card
    assert load_pinned(outputs).folder == copied


def test_run_that_cannot_be_served_gets_neither_card_nor_pin(copied):
    (copied / "model.skops").write_bytes(b"")
    with pytest.raises(RunError, match=r"model\.skops is not the file"):
        pin_run(copied, copied.parents[1])
    assert not (copied / "model_card.md").exists()
    assert not (copied.parents[1] / "pinned.json").exists()


def test_run_is_not_pinned_if_its_card_cannot_be_written(copied):
    (copied / "model_card.md" / "in the way").mkdir(parents=True)
    with pytest.raises(RunError, match=r"model_card\.md cannot be written"):
        pin_run(copied, copied.parents[1])
    assert not (copied.parents[1] / "pinned.json").exists()
    assert [file.name for file in copied.iterdir() if file.name.startswith(".")] == []


def test_equal_card_is_current_and_latest_names_the_newest_run(copied, card, tmp_path, capsys):
    (tmp_path / "card.md").write_text(card, "utf-8")
    outputs = ["--outputs", str(copied.parents[1])]
    assert main(["card", "model", "latest", *outputs, "--check", str(tmp_path / "card.md")]) == 0
    assert main(["card", "model", "latest", *outputs]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'card.md'} is current\n{card}"


def test_stale_card_is_an_error_with_the_lines_and_the_command_to_run(copied, card, tmp_path, capsys):
    (tmp_path / "card.md").write_text(card.replace("Advising subscribers", "Advising all"), "utf-8")
    assert main(["card", "model", str(copied), "--check", str(tmp_path / "card.md")]) == 1
    printed = capsys.readouterr()
    assert "\n-Advising all" in printed.out
    assert "\n+Advising subscribers" in printed.out
    assert f"planrec card model {copied} > {tmp_path / 'card.md'}" in printed.err


def test_missing_card_is_an_error(copied, tmp_path, capsys):
    assert main(["card", "model", str(copied), "--check", str(tmp_path / "nowhere.md")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_figures_may_differ_in_the_last_digits_only():
    def differs(old, new):
        return differences(f"| m | {new} |", f"| m | {old} |") != []

    assert not differs("10.000 [9.500, 10.500]", f"{10 * (1 + 0.9 * RELATIVE):.3f} [9.500, 10.500]")
    assert differs("10.000", f"{10 * (1 + 1.1 * RELATIVE):.3f}")
    assert not differs("0.100", f"{0.1 + 0.9 * ABSOLUTE:.3f}")
    assert differs("0.100", f"{0.1 + 1.2 * ABSOLUTE:.3f}")
    assert differs("0.100", "-0.100")
    assert not differs("6.7%", "7.1%")
    assert differs("6.7%", "7.3%")
    assert differs("0.100", "-")
    assert differs("0.100 [0.001, 0.002]", "0.100")


def test_words_dates_and_counts_must_be_equal():
    for old, new in (
        ("10,000 decisions", "10,001 decisions"),
        ("2018-07-01", "2018-07-02"),
        ("rerate_3", "rerate_6"),
        ("plan5.5gb", "plan5.6gb"),
    ):
        assert differences(new, old) != []


def test_added_line_is_a_difference_and_hides_no_other():
    old = "a\n| x | 0.500 |\nb\n"
    assert [line for line in differences("a\nnew\n| x | 0.501 |\nb\n", old) if line[0] in "+-"][2:] == [
        "+new"
    ]
    found = differences("a\nnew\n| x | 0.700 |\nb\n", old)
    assert {"+new", "-| x | 0.500 |", "+| x | 0.700 |"} <= set(found)


def test_last_section_and_fingerprint_are_not_compared(card):
    other = card.replace("planrec train", "planrec train model=lgbm")
    other = re.sub(r"Run `[^`]*`", "Run `elsewhere`", other)
    other = re.sub(r"fingerprint `\w{16}`", "fingerprint `0123456789abcdef`", other)
    assert other != card
    assert differences(card, other) == []


def test_docs_card_has_the_sections_and_sentences_of_the_code(card):
    shipped = (REPOSITORY / "docs" / "model_card.md").read_text("utf-8")
    same = (
        "Owner and licence",
        "Intended use",
        "Out of scope",
        "Target",
        "Ethical considerations",
        "Caveats",
    )
    for title in same:
        assert section_of(shipped, title) == section_of(card, title), "run `just docs`"


def test_ci_compares_the_docs_card_with_the_run_that_it_trains():
    command = "planrec card model latest --check docs/model_card.md"
    script = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    workflow = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    for text, line in ((script, "step "), (workflow, "- run: ")):
        trained = f"{line}planrec train model=lgbm\n"
        assert re.search(re.escape(trained) + r"\s*" + re.escape(f"{line}{command}\n"), text)


def test_card_of_a_nested_run_has_the_tuned_values_of_the_kept_model(tmp_path):
    nested = ("cv=nested_grouped", "cv.outer.n_folds=2", "cv.inner.n_folds=2", "search=logistic")
    small = ("target=held", "data.n_subscribers=60", "data.n_months=3", "n_bootstrap=20")
    folder = train_into(tmp_path / "run", *nested, "search.n_trials=2", small=small)
    kept = read_manifest(folder).tuned[-1].values
    selection = section_of(card_of(folder), "Selection")
    assert f"tuned once more, on all decisions: inverse_penalty {kept['inverse_penalty']}." in selection
    assert "Each of the 2 reported folds was tuned separately, on its training rows alone" in selection


def test_card_of_a_plain_run_does_not_mention_tuning(card):
    assert "tuned" not in section_of(card, "Selection")
