"""The lock of a bundle: the version of every package that the run's imports need, as constraints of pip."""

import re
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from planrec.runs.manifest import Manifest
from planrec.serving.bundle.members import VERSIONS


def versions_of(manifest: Manifest) -> str:
    """Return the versions that made a run, and those of all packages that PlanRec and plug-ins require here.

    The golden predictions were repeated with the packages that are installed where the bundle is made.
    """
    made_by = manifest.versions | {use.name: use.version for use in manifest.plugins}
    python = made_by.pop("python", "unknown")
    plugins = [use.name for use in manifest.plugins]
    packages = required_by("planrec", *plugins) | {canonicalize_name(name): made_by[name] for name in made_by}
    return "".join([f"# Python {python}\n", *(f"{name}=={packages[name]}\n" for name in sorted(packages))])


def required_by(*names: str) -> dict[str, str]:
    """Return the installed packages that these packages need, without their extras, and their versions.

    >>> sorted(required_by("pydantic"))[:3]
    ['annotated-types', 'pydantic', 'pydantic-core']
    """
    found: dict[str, str] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(canonicalize_name(name), frozenset()) for name in names]
    seen = set(waiting)
    while waiting:
        package, extras = waiting.pop()
        try:
            installed = distribution(package)
        except PackageNotFoundError:  # left out by the installer, so the run does without it
            continue
        found[package] = installed.version
        new = {
            (canonicalize_name(needed.name), frozenset(needed.extras))
            for needed in map(Requirement, installed.requires or ())
            if _applies(needed, extras)
        }
        waiting += sorted(new - seen, key=str)
        seen |= new
    return found


def _applies(needed: Requirement, extras: frozenset[str]) -> bool:
    return needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras or {""})


def other_versions(folder: Path) -> list[str]:
    """Name the packages of a bundled run that are missing here or have another version."""
    file = folder / VERSIONS
    locked = re.findall(r"^([\w.-]+)==(\S+)$", file.read_text("utf-8"), re.M) if file.is_file() else []
    return [
        f"{name} {here} (in the bundle {there})"
        for name, there in locked
        if (here := _installed(name)) != there
    ]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is missing"
