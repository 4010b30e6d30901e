"""Virtual environments that hold one build of PlanRec and borrow the dependencies of this one."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def build(folder: Path, *kinds: str) -> Path:
    """Build the checkout into a folder; without kinds a source distribution, and the wheel from that."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        *kinds,
        "--outdir",
        str(folder),
        str(REPOSITORY),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def environment_with(folder: Path, *what: str) -> Path:
    """Return the Python of a new environment in which pip installed these arguments and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    # Paths in a .pth file are searched, but the .pth files in them, and so editable installs, are not read.
    site.joinpath("borrowed.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    python = folder / "bin" / "python"
    offline = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--no-compile"]
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *offline, *what]
    subprocess.run(command, check=True, capture_output=True)
    return python


def block_packages(folder: Path, *names: str) -> str:
    """Write a folder that, as PYTHONPATH, makes these packages impossible to import; return its path."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"BLOCKED = {names!r}\n{BLOCKER}", "utf-8")
    return str(folder)


BLOCKER = """
import sys
from importlib.machinery import PathFinder


class Blocker(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in BLOCKED else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Blocker
"""


def run_in(
    folder: Path, program: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of an environment in a folder; return its output, whatever its exit code."""
    return subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        env=own_variables() | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def own_variables() -> dict[str, str]:
    """Return the environment without PYTHONPATH and coverage, which would bring the checkout in."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH" and not name.startswith(("COVERAGE_", "PLANREC_"))
    }
