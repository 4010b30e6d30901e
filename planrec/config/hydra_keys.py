"""Hydra's keys and flags: each works as in Hydra, or is refused by name with the way that works.

A key that is accepted and then ignored would be worse than an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planrec.config.conf_folder import Folders, content_of, file_of
from planrec.wording import shown

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

WORKS: Mapping[str, str] = {
    "hydra.mode": "RUN or MULTIRUN: MULTIRUN is the same as -m",
    "hydra.run.dir": "folder of one run",
    "hydra.sweep.dir": "folder of sweeps and of their cells",
    "hydra.sweep.subdir": "a second name for each cell in the folder of its sweep, beside its number",
    "hydra.searchpath": "folders of options, like --config-dir",
    "hydra.sweeper.params": "overrides of a sweep that is written in an experiment",
    "hydra.job.name": "a name for the folders above",
    "hydra.job.config.override_dirname": "separators and left-out keys of hydra.job.override_dirname",
}
"Keys that work as in Hydra -> their meaning."

_BY_HYDRA = "it is set for each run: leave it out"
_NO_LOG = "a run writes no log file: PLANREC_DEBUG=1 before the command shows the traceback of an error"
_ENVIRONMENT = "set variables in the shell: type NAME=VALUE planrec train ..."
REFUSED: Mapping[str, str] = {
    "hydra.job.chdir": (
        "paths begin in the folder in which you type the command; hydra.run.dir=FOLDER chooses the folder of"
        " the run"
    ),
    "hydra.job.env_set": _ENVIRONMENT,
    "hydra.job.env_copy": _ENVIRONMENT,
    "hydra.job_logging": _NO_LOG,
    "hydra.hydra_logging": _NO_LOG,
    "hydra.verbose": _NO_LOG,
    "hydra.output_subdir": "run.json in the folder of the run holds its configuration",
    "hydra.output": "run.json in the folder of the run holds its configuration",
    "hydra.launcher": "choose the executor of cells with sweep.executor=processes or ray, and sweep.n_jobs=N",
    "hydra.sweeper": "the settings of a sweep are sweep.n_jobs=N and sweep.max_failures=N",
    "hydra.callbacks": "call planrec train from your own script, and read run.json behind it",
    "hydra.help": "planrec train --help shows the options",
    "hydra.hydra_help": "planrec train --hydra-help shows the keys and flags that work",
    "hydra.job": _BY_HYDRA,
    "hydra.runtime": _BY_HYDRA,
    "hydra.overrides": _BY_HYDRA,
}
"Keys, and the keys below them, that do not work -> the way that does."

SAME_AS_DEFAULT: Mapping[str, tuple[object, ...]] = {
    "hydra.job.chdir": (False, None),
    "hydra.verbose": (False,),
    "hydra.output_subdir": (None,),
    "hydra.job_logging": ("none", "disabled"),
    "hydra.hydra_logging": ("none", "disabled"),
    "hydra.callbacks": ({}, None),
}
"Values of refused keys that change nothing, so that configurations written for Hydra may keep them."

FLAGS: Mapping[str, str] = {
    "--multirun, -m": "a sweep: one run per combination of comma-separated values",
    "--config-dir, -cd": "a folder of options that is searched beside conf/",
    "--cfg, -c": "print the composed configuration: job, hydra or all; with --package and --resolve",
    "--info, -i": "print the search path, the defaults tree, plug-ins of Hydra and more",
    "--run, -r": "one run, which is the default",
}
"Flags of Hydra that work -> their meaning."

REFUSED_FLAGS: Mapping[str, str] = {
    "config_path": "--config-path: PlanRec's own conf/ is always read; add a folder with --config-dir FOLDER",
    "config_name": "--config-name: the primary file is train.yaml; write yours as an experiment, and type"
    " experiment=NAME --config-dir FOLDER",
    "experimental_rerun": "--experimental-rerun: the command of a run is in its run.json",
}
"Flags of Hydra that do not work, by their names in its parser -> the way that does."


def hydra_problem(override: "Override", text: str) -> str | None:
    """Return why an override of Hydra's own part is refused; None if it works."""
    key = override.key_or_group.replace("/", ".")
    if key == "hydra.searchpath" and "pkg://" in text:
        return f"{text}: packages are not searched: give the folder of the options"
    if missing := [folder for folder in searched_folders([override]) if not folder.is_dir()]:
        return f"{text}: no such folder: {shown(map(str, missing))}"
    value = text.partition("=")[2] if override.is_sweep_override() else override.value()
    problems = (key_problem(name, inner, f"{text}: ") for name, inner in _leaves(value, key))
    return next((problem for problem in problems if problem), None)


def key_problem(key: str, value: object, place: str) -> str | None:
    """Return why a key of Hydra's own part is refused; None if it works.

    Args:
        key: such as `hydra.job.chdir`.
        value: its value.
        place: begins the message.

    Examples:
        >>> key_problem("hydra.job.chdir", True, "hydra.job.chdir=true: ")[:55]
        'hydra.job.chdir=true: not used: paths begin in the fold'
        >>> key_problem("hydra.run.dir", "here", "hydra.run.dir=here: ")
    """
    if any(_is_below(key, known) for known in WORKS):
        wrong = key == "hydra.mode" and str(value) not in ("RUN", "MULTIRUN")
        return f"{place}must be RUN or MULTIRUN, got {value!r}" if wrong else None
    if any(key == known and value in values for known, values in SAME_AS_DEFAULT.items()):
        return None
    instead = next((way for known, way in REFUSED.items() if _is_below(key, known)), None)
    return f"{place}not used: {instead or 'planrec train --hydra-help lists the keys that are'}"


def problems_of_experiment(name: str, added: Folders) -> Iterator[str]:
    """Yield why keys of Hydra's own part in the file of an experiment are refused."""
    file = file_of("experiment", name, added)
    content = content_of(file)
    part = content.get("hydra") if isinstance(content, dict) else None
    for key, value in _leaves(part, "hydra"):
        if problem := key_problem(key, value, f"{key} in {file}: "):
            yield problem


def wrong_flags(known: Any, overrides: Sequence["Override"]) -> list[str]:
    """List the flags, as Hydra parsed them, that are refused or do not go together."""
    problems = [f"{way}" for name, way in REFUSED_FLAGS.items() if getattr(known, name) is not None]
    if known.multirun and known.cfg:
        problems.append("--cfg shows the configuration of one run: leave out -m")
    actions = {"--run": known.run, "-m": known.multirun, "--cfg": known.cfg, "--info": known.info}
    given = [flag for flag, value in actions.items() if value]
    if len(given) > 1 and not (known.multirun and known.cfg):
        problems.append(f"{' and '.join(given)} do not go together: give one of them")
    if known.multirun and _mode(overrides) == "RUN":
        problems.append("-m and hydra.mode=RUN contradict each other: leave one of them out")
    if (known.resolve or known.package) and not known.cfg:
        problems.append("--resolve and --package belong to --cfg: type --cfg job --resolve")
    return problems


def help_text() -> str:
    """Return the help about Hydra's keys and flags."""
    return "\n".join(
        [
            "planrec train composes its configuration with Hydra (https://hydra.cc). These parts work:",
            "",
            *_rows(FLAGS),
            "",
            *_rows(WORKS),
            "",
            "These do not:",
            "",
            *(f"  {way}" for way in REFUSED_FLAGS.values()),
            *_rows({key: way for key, way in REFUSED.items() if way != _BY_HYDRA}),
            "",
            "Shell completion:",
            "",
            "  Bash - Install:",
            '    eval "$(planrec completion bash)"',
            "  Zsh - Install:",
            '    eval "$(planrec completion zsh)"',
            "  Fish - Install:",
            "    planrec completion fish | source",
        ]
    )


def is_multirun(overrides: Sequence["Override"]) -> bool:
    """Check whether the last `hydra.mode` among overrides makes a sweep."""
    return _mode(overrides) == "MULTIRUN"


def _mode(overrides: Sequence["Override"]) -> object:
    modes = [each.value() for each in overrides if each.key_or_group == "hydra.mode"]
    return modes[-1] if modes else None


def searched_folders(overrides: Sequence["Override"]) -> Folders:
    """Return the folders of the last `hydra.searchpath` among overrides; packages are left out."""
    values = [each.value() for each in overrides if each.key_or_group == "hydra.searchpath"]
    last = values[-1] if values and isinstance(values[-1], list) else []
    places = [str(place) for place in last]
    return tuple(Path(place.removeprefix("file://")) for place in places if not place.startswith("pkg://"))


def _is_below(key: str, known: str) -> bool:
    return key == known or key.startswith(f"{known}.")


def _leaves(node: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield each key with a value that is not a mapping, and each key that works as a whole."""
    if isinstance(node, Mapping) and node and path not in WORKS:
        for name, inner in node.items():
            yield from _leaves(inner, f"{path}.{name}")
    elif node is not None or path != "hydra":
        yield path, node


def _rows(texts: Mapping[str, str]) -> Iterator[str]:
    for name, meaning in texts.items():
        yield f"  {name:<34} {meaning}"
