"""`python -m planrec.train model=lgbm`: compose conf/ into a RunConfig, run it, save it.

With sweep.py the only file that knows Hydra. Heavy imports happen inside functions, so that `--help` and a
wrong option answer at once.
"""

import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planrec.conf_folder import CONF, content_of, file_with, groups, help_text, holds, options
from planrec.errors import ConfigError, PlanRecError
from planrec.schema import did_you_mean

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from planrec.config import RunConfig

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 a run failed, 2 wrong configuration, 130 Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if {"-h", "--help"} & set(arguments):
        print(help_text())
        return 0
    # Read when OpenMP is loaded: threads that wait by spinning make busy cores several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return _run_hydra(arguments)
    except PlanRecError as error:
        return _fail(error)
    except KeyboardInterrupt:
        print("interrupted: the run that was under way is not complete", file=sys.stderr)
        return INTERRUPTED


def compose(*overrides: str) -> "RunConfig":
    """The config that `python -m planrec.train *overrides` would run. Raises ConfigError."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    _register_resolvers()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            composed = hydra_compose("train", list(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise explained(error, overrides) from error
    choices = dict(composed.hydra.runtime.choices)
    task = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    return _validated(task, overrides, choices)


def _run_hydra(arguments: Sequence[str]) -> int:
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    # Hydra prints and exits by itself unless it is asked to raise; we want its errors, to explain them.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    _register_resolvers()
    codes: list[int] = []
    sys.argv[1:] = arguments
    decorate = hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
    try:
        decorate(lambda composed: codes.append(_run_job(composed)))()
    except (HydraException, OmegaConfBaseException) as error:
        overrides = [argument for argument in arguments if not argument.startswith("-")]
        raise explained(error, overrides) from error
    return max(codes, default=0)


def _run_job(composed: "DictConfig") -> int:
    """Validate, run and save one job. A failing job is told and counted, so that a multirun goes on."""
    from hydra.core.hydra_config import HydraConfig

    job = HydraConfig.get()
    folder = Path(os.path.relpath(job.runtime.output_dir))
    overrides = list(job.overrides.task)
    try:
        config = _validated(composed, overrides, dict(job.runtime.choices))
        _train(config, folder, overrides)
    except PlanRecError as error:
        _remove_if_empty(folder)
        return _fail(error)
    return 0


def _train(config: "RunConfig", folder: Path, overrides: Sequence[str]) -> None:
    from planrec.experiment import run
    from planrec.run_folder import begin_run, save_run
    from planrec.screen import print_result, progress_of

    command = " ".join(["python -m planrec.train", *overrides])
    begin_run(folder, config, command)
    with progress_of(command) as report:
        result = run(config, report)
    save_run(result, folder, command)
    print_result(result, folder)


def _validated(composed: "DictConfig", overrides: Sequence[str], choices: Mapping[str, Any]) -> "RunConfig":
    from omegaconf import OmegaConf

    from planrec.config import validated

    origin = _origin(overrides, choices)
    if missing := sorted(OmegaConf.missing_keys(composed)):
        raise ConfigError(
            "the configuration does not describe a run",
            [f"{path} must be given: type {path}=VALUE (from {origin(path)})" for path in missing],
        )
    tree = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(tree, dict)
    named = {str(key): value for key, value in tree.items() if key != "experiment"}
    return validated(named | {"baselines": _baselines(named["baselines"], origin)}, origin)


def _baselines(names: Sequence[str], origin: Callable[[str], str]) -> dict[str, Any]:
    """Each name as the content of its file in conf/model/."""
    known = options("model")
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(
            "the configuration does not describe a run",
            [
                f"baselines = {name!r}: no such model{did_you_mean(str(name), known)};"
                f" allowed: {', '.join(known)} (from {origin('baselines')})"
                for name in unknown
            ],
        )
    return {name: content_of(CONF / "model" / f"{name}.yaml") for name in names}


def _origin(overrides: Sequence[str], choices: Mapping[str, Any]) -> Callable[[str], str]:
    """A function from a dotted path to the override or file that its value came from."""

    def origin(path: str) -> str:
        for override in reversed(overrides):
            key = override.lstrip("+~").split("=")[0]
            # `model=lgbm` chose a file, and the value below it came from there.
            if path == key or (key not in groups() and path.startswith(f"{key}.")):
                return f"override {override}"
        group = path.split(".")[0]
        if choices.get("experiment") and holds(CONF / "experiment" / f"{choices['experiment']}.yaml", path):
            return f"conf/experiment/{choices['experiment']}.yaml"
        if choices.get(group):
            return file_with(group, str(choices[group]), path.partition(".")[2])
        if group in ("metrics", "baselines") and choices.get("evaluation@_global_"):
            return f"conf/evaluation/{choices['evaluation@_global_']}.yaml"
        return "conf/train.yaml"

    return origin


def explained(error: Exception, overrides: Sequence[str]) -> ConfigError:
    """What is wrong with each override, in the words of its user; Hydra names the first one only."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser, problems, group_overrides, values = OverridesParser.create(), [], [], {}
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except HydraException as parse_error:
            problems.append(f"{text}: {str(parse_error).splitlines()[0]}")
            continue
        if override.key_or_group in groups():
            group_overrides.append(text)
            problems += _wrong_options(override.key_or_group, override.value(), text)
        elif not override.is_add() and not override.key_or_group.startswith("hydra"):
            values[text] = override.key_or_group
    if not problems:
        problems += _wrong_keys(values, group_overrides)
    return ConfigError(
        "the configuration does not describe a run",
        problems or [line for line in str(error).splitlines() if line and "HYDRA_FULL_ERROR" not in line],
    )


def _wrong_options(group: str, value: Any, text: str) -> list[str]:
    chosen = [str(item) for item in value.list] if hasattr(value, "list") else [str(value)]
    known = options(group)
    return [
        f"{group} = {option!r}: no such option{did_you_mean(option, known)};"
        f" allowed: {', '.join(known)} (from override {text})"
        for option in chosen
        if option not in known and value is not None
    ]


def _wrong_keys(values: Mapping[str, str], group_overrides: Sequence[str]) -> list[str]:
    """The overrides of values whose path does not exist in the configuration that the groups compose."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            tree = OmegaConf.to_container(hydra_compose("train", list(group_overrides)), resolve=False)
    except HydraException:
        return []
    problems = []
    for text, path in values.items():
        *parents, name = path.split(".")
        node: Any = tree
        for parent in parents:
            node = node.get(parent, {}) if isinstance(node, dict) else {}
        known = sorted(node) if isinstance(node, dict) else []
        if name not in known:
            candidates = known if parents else sorted({*known, *groups()})
            problems.append(
                f"{path}: no such key{did_you_mean(name, candidates)};"
                f" allowed: {', '.join(candidates) or 'none'} (from override {text})"
            )
    return problems


def _register_resolvers() -> None:
    from omegaconf import OmegaConf

    # Two runs started in the same second must not share a folder.
    OmegaConf.register_new_resolver("run_id", lambda: secrets.token_hex(3), use_cache=True, replace=True)


def _fail(error: PlanRecError) -> int:
    if os.environ.get("PLANREC_DEBUG") == "1":
        raise error
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code


def _remove_if_empty(folder: Path) -> None:
    """Hydra makes the folder before the configuration is validated: leave no empty one behind."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
