"""Hydra as people know it: every key and flag works, or is refused by name with the way that works."""

from pathlib import Path

import pytest

from planrec.cli import main
from planrec.config.compose import compose
from planrec.config.hydra_keys import REFUSED, REFUSED_FLAGS, WORKS, key_problem
from planrec.errors import ConfigError
from tests.small_sweeps import SMALL_SWEEP

QUICK = ("model=cheapest_fee", "data.n_subscribers=60", "n_bootstrap=20", "cv.n_folds=2")
GRID = ("-m", "seed=0,1", "model=dummy", "cv.n_folds=2", *SMALL_SWEEP)

OURS = """# @package _global_
defaults:
- override /model: dummy
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      seed: 0,1
      model: dummy,popular
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["train", *words])
    return code, *capsys.readouterr()


def links_of(folder: Path) -> set[str]:
    """Return the names of the cells of the one sweep below a folder."""
    (file,) = folder.glob("outputs/multirun/*/*/sweep.json")
    sweep = file.parent
    return {str(link.relative_to(sweep)) for link in sweep.rglob("*") if link.is_symlink()}


VALUES = {"hydra.job.chdir": "true", "hydra.output_subdir": ".hydra", "hydra.verbose": "true"}


@pytest.mark.parametrize("key", [key for key in REFUSED if key.count(".") > 1 or key not in ("hydra.job",)])
def test_a_key_that_is_not_used_is_refused_with_the_way_that_works(key: str) -> None:
    typed = f"{key}={VALUES.get(key, 'x')}"
    for text in (typed, f"+{typed}", f"+{key}.part=x"):
        with pytest.raises(ConfigError) as caught:
            compose(text)
        assert caught.value.problems == (f"{text}: not used: {REFUSED[key]}",)


@pytest.mark.parametrize("typed", ["hydra.job.num=3", "hydra.job.id=a", "hydra.runtime.cwd=x", "+hydra.x=1"])
def test_keys_that_hydra_sets_itself_are_refused(typed: str) -> None:
    with pytest.raises(ConfigError, match=r"not used: "):
        compose(typed)


@pytest.mark.parametrize(
    "typed", ["hydra.run={dir: x}", "hydra.sweep={dir: x, subdir: y}", "hydra.job={name: x}"]
)
def test_keys_in_a_mapping_work_as_they_do_alone(typed: str) -> None:
    assert compose(typed).seed == 0


def test_the_message_has_the_value_that_is_wrong() -> None:
    with pytest.raises(ConfigError, match="must be RUN or MULTIRUN, got 'RUN,MULTIRUN'"):
        compose("hydra.mode=RUN,MULTIRUN")
    with pytest.raises(ConfigError) as caught:
        compose("hydra.job={name: x, chdir: true}")
    assert caught.value.problems == (
        f"hydra.job={{name: x, chdir: true}}: not used: {REFUSED['hydra.job.chdir']}",
    )


NOTHING = (
    "hydra.job.chdir=false",
    "hydra.output_subdir=null",
    "hydra.verbose=false",
    "hydra/job_logging=none",
)


@pytest.mark.parametrize("typed", NOTHING)
def test_a_value_that_changes_nothing_is_accepted(typed: str) -> None:
    assert compose(typed).seed == 0


@pytest.mark.parametrize("key", WORKS)
def test_a_key_that_works_is_not_refused(key: str) -> None:
    assert key_problem(key, "RUN", "") is None
    assert key_problem(f"{key}_not", "RUN", "") is not None


def test_a_mode_is_run_or_multirun(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = trained(capsys, "hydra.mode=SOMETIMES", *QUICK)
    assert (code, "hydra.mode=SOMETIMES: must be RUN or MULTIRUN, got 'SOMETIMES'" in error) == (2, True)


@pytest.mark.parametrize(
    ("flags", "instead"),
    [
        (["--config-path", "x"], REFUSED_FLAGS["config_path"]),
        (["-cn", "x"], REFUSED_FLAGS["config_name"]),
        (["--experimental-rerun", "x"], REFUSED_FLAGS["experimental_rerun"]),
        (["--resolve"], "--resolve and --package belong to --cfg: type --cfg job --resolve"),
        (["-m", "hydra.mode=RUN"], "-m and hydra.mode=RUN contradict each other: leave one of them out"),
        (["hydra.searchpath=[nowhere]"], "hydra.searchpath=[nowhere]: no such folder: 'nowhere'"),
        (["--run", "-m"], "--run and -m do not go together: give one of them"),
        (["--run", "--info", "all"], "--run and --info do not go together: give one of them"),
    ],
)
def test_flags_that_do_not_work_are_refused(
    flags: list[str], instead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = trained(capsys, *QUICK, *flags)
    assert code == 2
    assert f"  - {instead}\n" in error
    assert not Path("outputs").exists()


def test_cells_have_the_names_of_override_dirname(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = (
        "hydra.sweep.subdir=${model.kind}/${hydra.job.num}-${hydra.job.override_dirname}",
        "hydra.job.config.override_dirname.exclude_keys=[model,n_bootstrap,data.n_subscribers,data.n_months]",
        "hydra.job.config.override_dirname.item_sep=__",
    )
    code, out, error = trained(capsys, *GRID, *named)
    assert code == 0, error
    assert "2 done" in out
    names = {f"dummy/{seed}-cv.n_folds=2__seed={seed}__target=held" for seed in (0, 1)}
    assert links_of(folder) == {"0", "1", *names}
    # The same cells, with the default of Hydra written out.
    code, out, error = trained(capsys, *GRID, "hydra.sweep.subdir=${hydra.job.num}")
    assert code == 0, error
    assert "2 linked" in out


@pytest.mark.parametrize(
    ("subdir", "problem"),
    [
        ("x", "every cell needs a name of its own, got 'x' more than once: add ${hydra.job.num}"),
        ("../${seed}", "must be a name inside the folder of the sweep, got '../0'"),
        ("/tmp/${seed}", "must be a name inside the folder of the sweep, got '/tmp/0'"),
        ("failed/${seed}", "must not be a name that the sweep uses itself, got 'failed/0'"),
        ("7", "must not be a name that the sweep uses itself, got '7'"),
        ("${hydra.job.nmu}", "it may contain ${hydra.job.num}, ${hydra.job.override_dirname}"),
        (
            "${seed}-" + "long" * 64,
            "leave keys out with 'hydra.job.config.override_dirname.exclude_keys=[KEY]'",
        ),
    ],
)
def test_names_that_cells_cannot_have_are_refused(
    subdir: str, problem: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = trained(capsys, *GRID, f"hydra.sweep.subdir={subdir}")
    assert code == 2
    assert f"hydra.sweep.subdir={subdir}: " in error
    assert problem in error
    assert not list(folder.glob("outputs/multirun/cells/*"))


def test_an_experiment_can_be_a_sweep_and_the_same_command_resumes_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "extra" / "experiment").mkdir(parents=True)
    (folder / "extra" / "experiment" / "ours.yaml").write_text(OURS, "utf-8")
    words = ("--config-dir", "extra", "experiment=ours", "cv.n_folds=2", *SMALL_SWEEP)
    code, out, error = trained(capsys, *words)
    assert code == 0, error
    assert "4 done" in out
    code, out, error = trained(capsys, "-m", *words)
    assert code == 0, error
    assert "4 linked" in out
    assert "cell 0 done" not in error + out
    # The mode and the folder by their keys.
    searched = ("hydra.searchpath=[extra]", "hydra.mode=MULTIRUN", *words[2:])
    code, out, error = trained(capsys, *searched)
    assert (code, "4 linked" in out) == (0, True), error


def test_keys_in_the_file_of_an_experiment_are_refused_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "extra" / "experiment").mkdir(parents=True)
    written = "# @package _global_\nhydra:\n  job:\n    chdir: true\n"
    (folder / "extra" / "experiment" / "ours.yaml").write_text(written, "utf-8")
    code, _, error = trained(capsys, "--config-dir", "extra", "experiment=ours", *QUICK)
    assert code == 2
    place = f"hydra.job.chdir in {Path('extra/experiment/ours.yaml')}"
    assert f"{place}: not used: {REFUSED['hydra.job.chdir']}" in error
