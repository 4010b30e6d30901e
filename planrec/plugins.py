"""Plug-ins: other installed packages that add options, metrics or configuration files.

A package adds to PlanRec through entry points (`[project.entry-points."planrec.model"]` in its
pyproject.toml). Each group of `GROUPS` takes classes that implement the contract of the same name in
`planrec.contracts`; `planrec.metric` takes `Metric` values, and `planrec.conf` takes folders of YAML files.
Only packages that are installed and declare such an entry point are imported.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from planrec.errors import PluginError

GROUPS = ("data", "target", "features", "model", "calibration", "cv", "policy", "metric")
"Kinds of objects that a plug-in can add; each is an entry-point group `planrec.GROUP`."
CONF_GROUP = "conf"
"Entry points whose value is a package that holds YAML files, in folders named like those of conf/."
VARIABLE = "PLANREC_PLUGINS"
"Set it to `none` to ignore all plug-ins."
OWN_PACKAGE = "planrec"


@dataclass(frozen=True)
class Plugin:
    """One installed package that adds something to PlanRec."""

    name: str
    "Name of the distribution, as pip knows it."
    version: str
    package: str
    "Its top-level import package."
    adds: tuple[str, ...]
    "`group=name` of every entry point, sorted."

    @property
    def sha256(self) -> str:
        """Hash of the package's files: changed code or data is another plug-in."""
        return _content_hash(self.package)


@dataclass(frozen=True)
class PluginUse:
    """A plug-in as a run records it in run.json."""

    name: str
    version: str
    package: str
    sha256: str


def switched_off() -> bool:
    """Return whether the environment ignores all plug-ins. Raises PluginError for a value but `none`."""
    value = os.environ.get(VARIABLE, "").strip().lower()
    if value not in ("", "none"):
        raise PluginError(f"{VARIABLE} must be `none` or unset, got {value!r}")
    return value == "none"


def installed_plugins() -> tuple[Plugin, ...]:
    """Return the installed plug-ins, by name. Nothing of theirs is imported."""
    adds: dict[tuple[str, str, str], list[str]] = {}
    for group in (*GROUPS, CONF_GROUP):
        for point in _points(group):
            package = point.value.partition(":")[0].partition(".")[0]
            name, its_version = _distribution_of(point)
            adds.setdefault((name, its_version, package), []).append(f"{group}={point.name}")
    return tuple(Plugin(*key, tuple(sorted(listed))) for key, listed in sorted(adds.items()))


def with_plugins(group: str, own: Sequence[type], contract: type) -> Any:
    """Return the union type of PlanRec's own options of a group and those of plug-ins.

    Args:
        group: one of `GROUPS`, the name of a config group.
        own: the option classes of this package.
        contract: abstract class that every option implements.

    Raises:
        PluginError: an entry point cannot be imported, is not an option of this group, or has the `kind` of
            another option; all of them at once, each with the names of the packages.
    """
    kinds = {kind: OWN_PACKAGE for option in own for kind in kinds_of(option)}
    added: list[type] = []
    problems: list[str] = []
    for point in _points(group):
        name = _distribution_of(point)[0]
        try:
            option = _checked_option(point, contract)
        except TypeError as error:
            problems.append(f"{name}: {point.group} entry point {point.name} = {point.value}: {error}")
            continue
        for kind in kinds_of(option):
            if kind in kinds:
                problems.append(f"{group} kind {kind!r} comes from both {kinds[kind]} and {name}")
            kinds.setdefault(kind, name)
        added.append(option)
    _refuse(problems)
    union: Any = own[0]
    for option in (*own[1:], *added):
        union = union | option
    return union


def union_on_access(name: str, group: str, own: Sequence[type], contract: type) -> Callable[[str], Any]:
    """Return a module's `__getattr__` that makes the union type `name` when it is first used.

    A plug-in can then import the group's package, because the package does not import plug-ins itself.

    Args:
        name: name of the union in the module, such as `ModelConfig`.
        group: one of `GROUPS`.
        own: the option classes of this package.
        contract: abstract class that every option implements.
    """

    @cache
    def union() -> Any:
        from pydantic import Field  # half a second, which a command's help need not wait for

        return Annotated[with_plugins(group, own, contract), Field(discriminator="kind")]

    def module_getattr(wanted: str) -> Any:
        if wanted != name:
            raise AttributeError(f"no name {wanted!r} in planrec.{group}")
        return union()

    return module_getattr


def plugin_metrics(own: Mapping[str, Any], metric_class: type) -> dict[str, Any]:
    """Return the metrics that plug-ins add, by name.

    Args:
        own: the metrics of this package.
        metric_class: the class of every metric.

    Raises:
        PluginError: an entry point cannot be imported, is not a metric, or has the name of another metric.
    """
    metrics: dict[str, Any] = {}
    owners = dict.fromkeys(own, OWN_PACKAGE)
    problems: list[str] = []
    for point in _points("metric"):
        name = _distribution_of(point)[0]
        try:
            metric = _checked_metric(point, metric_class)
        except TypeError as error:
            problems.append(f"{name}: {point.group} entry point {point.name} = {point.value}: {error}")
            continue
        if point.name in owners:
            problems.append(f"metric {point.name!r} comes from both {owners[point.name]} and {name}")
        metrics.setdefault(point.name, metric)
        owners.setdefault(point.name, name)
    _refuse(problems)
    return metrics


def conf_folders() -> tuple[Path, ...]:
    """Return the folders of YAML files that plug-ins add, in the order of their names. Imports no plug-in.

    Raises:
        PluginError: an entry point names no package with a folder.
    """
    folders: list[Path] = []
    problems: list[str] = []
    for point in _points(CONF_GROUP):
        # The path below the package, not the spec of a subpackage: that would import the package.
        package, *below = point.value.split(".")
        spec = find_spec(package)
        places = [Path(place, *below) for place in (spec and spec.submodule_search_locations) or ()]
        found = [place for place in places if place.is_dir()]
        if not found:
            problems.append(f"{_distribution_of(point)[0]}: planrec.conf = {point.value}: no such package")
        folders += found[:1]
    _refuse(problems)
    return tuple(folders)


def uses_of(objects: Iterable[object]) -> tuple[PluginUse, ...]:
    """Return the plug-ins that define these options or metric functions, by name."""
    packages = {_package_of(item) for item in objects} - {OWN_PACKAGE}
    return tuple(
        PluginUse(plugin.name, plugin.version, plugin.package, plugin.sha256)
        for plugin in installed_plugins()
        if plugin.package in packages
    )


def missing_plugins(uses: Iterable[PluginUse]) -> list[str]:
    """Return one sentence per plug-in that a run needs and this environment cannot give."""
    installed: dict[str, list[Plugin]] = {}
    for plugin in installed_plugins():
        installed.setdefault(plugin.name, []).append(plugin)
    problems = []
    for use in uses:
        if switched_off():
            problems.append(f"it needs the plug-in {use.name}, and {VARIABLE}=none: unset {VARIABLE}")
        elif use.name not in installed:
            problems.append(f"it needs the plug-in {use.name}: pip install {use.name}=={use.version}")
        elif (version := installed[use.name][0].version) != use.version:
            problems.append(
                f"it needs {use.name} {use.version}, installed is {version}:"
                f" pip install {use.name}=={use.version}, or train again"
            )
        # Types below this package are trusted, so that run.json must not choose it.
        elif use.package not in (packages := [plugin.package for plugin in installed[use.name]]):
            problems.append(f"the package of {use.name} must be {' or '.join(packages)}, got {use.package}")
    return problems


def changed_plugins(uses: Iterable[PluginUse]) -> list[str]:
    """Return one sentence per plug-in whose installed code is not the code that a run was made with."""
    installed = {plugin.package: plugin for plugin in installed_plugins()}
    return [
        f"{use.name} {use.version}: the run was made with code of sha256 {use.sha256[:12]}, installed is"
        f" {installed[use.package].sha256[:12]}; install that code, or train again"
        for use in uses
        if use.package in installed and installed[use.package].sha256 != use.sha256
    ]


def kinds_of(option: type) -> tuple[str, ...]:
    """Return the values of an option's discriminator: `kind`, a Literal.

    Raises:
        TypeError: the class has no field `kind` with a Literal of text.
    """
    field = getattr(option, "model_fields", {}).get("kind")
    values = getattr(field.annotation, "__args__", ()) if field else ()
    if not values or not all(isinstance(value, str) for value in values):
        raise TypeError('must have a field `kind: Literal["NAME"]`')
    return tuple(values)


def _checked_option(point: EntryPoint, contract: type) -> type:
    option = _loaded(point)
    if not (isinstance(option, type) and issubclass(option, contract)):
        raise TypeError(f"must be a subclass of planrec.contracts.{contract.__name__}")
    if point.name not in kinds_of(option):
        raise TypeError(f"must be named like its kind, {', '.join(kinds_of(option))}")
    _check_package(point, option)
    return option


def _checked_metric(point: EntryPoint, metric_class: type[Any]) -> Any:
    metric = _loaded(point)
    if not isinstance(metric, metric_class):
        raise TypeError(f"must be a Metric, got {type(metric).__name__}")
    _check_package(point, metric.function)
    return metric


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # importing the code of others can raise anything
        raise TypeError(f"cannot be imported: {error!r}") from error


def _check_package(point: EntryPoint, item: object) -> None:
    """Check that an object is of its entry point's package, whose hash enters the addresses of runs."""
    expected, package = point.value.partition(":")[0].partition(".")[0], _package_of(item)
    if package != expected:
        raise TypeError(f"must be defined in the package {expected}, got {package}")


def _points(group: str) -> Iterator[EntryPoint]:
    if not switched_off():
        yield from _all_points().get(f"{OWN_PACKAGE}.{group}", ())


@cache
def _all_points() -> dict[str, tuple[EntryPoint, ...]]:
    """Read the entry points of all installed packages once per process."""
    everything = entry_points()
    names = [f"{OWN_PACKAGE}.{group}" for group in (*GROUPS, CONF_GROUP)]
    found = {name: _distinct(everything.select(group=name)) for name in names}
    return {name: points for name, points in found.items() if points}


def _distinct(points: Iterable[EntryPoint]) -> tuple[EntryPoint, ...]:
    """Sort entry points, and keep one of those that a distribution lists twice, as editable installs do."""
    keyed = {(*_distribution_of(point), point.name, point.value): point for point in points}
    return tuple(keyed[key] for key in sorted(keyed))


def _distribution_of(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else (point.value, "unknown")


def _package_of(item: object) -> str:
    module = getattr(item, "__module__", None) or type(item).__module__
    return str(module).partition(".")[0]


@cache
def _content_hash(package: str) -> str:
    """Return the sha256 over names and contents of a package's files, compiled Python left out."""
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    files = [(Path(spec.origin).parent, Path(spec.origin))] if spec and spec.origin and not places else []
    for place in map(Path, places):
        files += [(place, file) for file in place.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    digest = hashlib.sha256()
    for place, file in sorted(files):
        digest.update(file.relative_to(place).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        remedy = f"correct or uninstall these packages, or set {VARIABLE}=none to ignore all plug-ins"
        raise PluginError("plug-ins cannot be used", [*problems, remedy])
