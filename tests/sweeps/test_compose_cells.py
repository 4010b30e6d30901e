"""Cells are composed as Hydra alone would compose them, and every problem of every cell is told at once."""

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from planrec.config.compose import compose, register_with_hydra
from planrec.config.conf_folder import CONF, groups, options
from planrec.config.overrides import search_path
from planrec.errors import ConfigError
from planrec.sweeps.compose_cells import CellComposer
from planrec.sweeps.hydra_sweeper import combinations


@pytest.fixture(scope="module")
def composer():
    register_with_hydra()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
    return CellComposer(loader, [], ())


GROUPS = ("target", "model", "features", "cv", "policy", "calibration")
CHOICES = st.sampled_from([f"{group}={option}" for group in GROUPS for option in options(group)])
VALUES = st.sampled_from(
    [
        "seed=3",
        "model.n_estimators=7",
        "data.n_subscribers=60",
        "baselines=[]",
        "metrics=[accuracy,log_loss]",
        "data.profile=heavy",
        "cv.n_folds=3",
        "waivers.overlap='why, not'",
        "+typo=1",
        "~baselines",
        "data.seed=${seed}",
        "metrics.0=accuracy",
        "waivers={overlap:fine}",
        "seed=-1",
        "model.typo=2",
    ]
)


def outcome(config_of, *arguments):
    try:
        return config_of(*arguments)
    except ConfigError as error:
        return {problem.partition(" = ")[0].partition(":")[0] for problem in error.problems}


@settings(max_examples=10)
@given(st.lists(CHOICES | VALUES, max_size=5, unique_by=lambda text: text.strip("+~").partition("=")[0]))
def test_a_cell_is_what_hydra_composes(composer, overrides):
    cell = outcome(composer.config, overrides)
    alone = outcome(compose, *overrides)
    # Composing alone stops earlier, at the first kind of problem; what it finds the cell finds too.
    assert cell == alone or (isinstance(alone, set) and isinstance(cell, set) and alone <= cell)


def test_the_problems_of_all_cells_are_told_at_once_with_their_cells(composer):
    with pytest.raises(ConfigError) as caught:
        composer.cells([["model=dummy", "seed=-1"], ["model=lgmb"], ["model=lgbm"], ["seed=-1", "threads=0"]])
    assert [problem.split(" ")[0] for problem in caught.value.problems] == ["seed", "model", "threads"]
    assert [problem.rpartition("[")[2] for problem in caught.value.problems] == [
        "cells 0, 3]",
        "cell 1]",
        "cell 3]",
    ]


def test_what_is_wrong_elsewhere_is_told_beside_a_wrong_option(composer):
    with pytest.raises(ConfigError) as caught:
        composer.cells([["model=lgmb", "model.n_estimators=3", "seed=-1"], ["model=lgbm"]])
    assert [problem.split(" ")[0] for problem in caught.value.problems] == ["model", "seed"]


def test_a_value_that_follows_another_one_follows_it_in_every_cell(tmp_path):
    option = tmp_path / "model" / "follower.yaml"
    option.parent.mkdir()
    option.write_text("defaults:\n- lgbm@_here_\nn_estimators: ${n_bootstrap}\n", "utf-8")
    register_with_hydra()
    added = (tmp_path,)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
    composer = CellComposer(loader, [search_path(added)], added)
    cells = composer.cells([["model=follower", f"n_bootstrap={n}"] for n in (20, 30)])
    assert [cell.config.model.n_estimators for cell in cells] == [20, 30]


def test_a_cell_is_called_by_what_the_others_do_not_share(composer):
    cells = composer.cells([["model=dummy", "seed=0", "threads=1"], ["model=dummy", "seed=1", "threads=1"]])
    assert [cell.label for cell in cells] == ["seed=0", "seed=1"]


def combined(*typed):
    return combinations(OverridesParser.create().parse_overrides(list(typed)))


def test_every_combination_is_a_cell_and_the_last_of_two_values_counts():
    assert combined("a=1,2", "b=x", "c=range(2)") == [
        ["a=1", "b=x", "c=0"],
        ["a=1", "b=x", "c=1"],
        ["a=2", "b=x", "c=0"],
        ["a=2", "b=x", "c=1"],
    ]
    assert combined("a=1,2", "a=3") == [["a=3"]]


def test_a_sweep_without_an_end_is_refused():
    with pytest.raises(ConfigError, match=r"seed=interval\(0,1\): has no end: type seed=VALUE,VALUE"):
        combined("seed=interval(0,1)")


def test_the_groups_of_this_test_exist():
    assert set(GROUPS) <= set(groups())


def test_a_cell_does_not_depend_on_the_cells_before_it(composer):
    changed, plain = composer.cells([["seed=7", "data.n_months=3", "target=held"], ["target=held"]])
    assert (changed.config.seed, changed.config.data.n_months) == (7, 3)
    assert plain.config == compose("target=held")
