"""`hydra.sweep.subdir`: a second name for each cell in the folder of its sweep, beside its number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from planrec.commands.advice import typed
from planrec.config.overrides import NOT_A_RUN
from planrec.errors import ConfigError
from planrec.wording import shown

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from planrec.sweeps.compose_cells import Cell

BY_NUMBER = "${hydra.job.num}"
"The default of Hydra, which PlanRec always follows."
OWN_NAMES = ("failed", "sweep.json", "study.sqlite3", ".lock")
"Names in the folder of a sweep that cells cannot have."
OVERRIDE_DIRNAME = "hydra.job.config.override_dirname"
"Settings of the names that hold overrides."
MOST_BYTES = 255
"Length of a name that file systems accept."


@dataclass(frozen=True)
class CellNames:
    """The names of the cells of one sweep."""

    subdir: str
    "As typed, with its interpolations."
    job_name: str
    kv_sep: str
    item_sep: str
    exclude_keys: tuple[str, ...]

    @classmethod
    def of(cls, hydra: "DictConfig") -> "CellNames":
        """Read Hydra's part of a composed configuration."""
        from omegaconf import OmegaConf

        # Not resolved: the interpolations have values in a cell only.
        node = OmegaConf.to_container(OmegaConf.masked_copy(hydra, ["sweep", "job"]), resolve=False)
        assert isinstance(node, dict)
        how = node["job"]["config"]["override_dirname"]
        name = str(node["job"]["name"])
        return cls(
            str(node["sweep"]["subdir"]), name, how["kv_sep"], how["item_sep"], tuple(how["exclude_keys"])
        )

    def named(self, cell: "Cell") -> "Cell":
        """Return a cell with its name; unchanged if cells are named by their numbers. Raises ConfigError."""
        if self.subdir == BY_NUMBER:
            return cell
        name = self._name_of(cell)
        if problem := _problem(name, cell.number):
            raise ConfigError(NOT_A_RUN, [f"hydra.sweep.subdir={self.subdir}: {problem}"])
        return replace(cell, name=name)

    def all_named(self, cells: Sequence["Cell"]) -> list["Cell"]:
        """Return cells with their names. Raises ConfigError if two cells have the same name."""
        named = [self.named(cell) for cell in cells]
        counts = Counter(cell.name for cell in named if cell.name is not None)
        if twice := [name for name, count in counts.items() if count > 1]:
            raise ConfigError(
                NOT_A_RUN,
                [
                    f"hydra.sweep.subdir={self.subdir}: every cell needs a name of its own, got"
                    f" {shown(twice)} more than once: add ${{hydra.job.num}}"
                ],
            )
        return named

    def override_dirname(self, overrides: Sequence[str]) -> str:
        """Return `hydra.job.override_dirname` of a cell: its overrides, sorted.

        >>> names = CellNames("", "train", "=", ",", ("seed",))
        >>> names.override_dirname(["seed=1", "threads=1", "cv=rolling"])
        'cv=rolling,threads=1'
        """
        kept = [text for text in overrides if text.lstrip("+~").partition("=")[0] not in self.exclude_keys]
        return self.item_sep.join(sorted(kept)).replace("=", self.kv_sep)

    def _name_of(self, cell: "Cell") -> str:
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        job: Mapping[str, object] = {
            "num": cell.number,
            "id": str(cell.number),
            "name": self.job_name,
            "override_dirname": self.override_dirname(cell.overrides),
        }
        tree = cell.config.model_dump(mode="json", by_alias=True)
        content = OmegaConf.create({**tree, "hydra": {"sweep": {"subdir": self.subdir}, "job": job}})
        try:
            return str(content.hydra.sweep.subdir)
        except OmegaConfBaseException as error:
            first = str(error).partition("\n")[0]
            raise ConfigError(
                NOT_A_RUN,
                [
                    f"hydra.sweep.subdir={self.subdir}: {first}; it may contain ${{hydra.job.num}},"
                    " ${hydra.job.override_dirname}, ${hydra.job.name} and keys of the configuration"
                ],
            ) from error


def _problem(name: str, number: int) -> str | None:
    """Return why a cell cannot have a name; None if it can."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        return f"must be a name inside the folder of the sweep, got {name!r}"
    if parts[0] in OWN_NAMES or (parts[0].isdecimal() and name != str(number)):
        return f"must not be a name that the sweep uses itself, got {name!r}"
    if max(len(part.encode()) for part in parts) > MOST_BYTES:
        leaving = typed({f"{OVERRIDE_DIRNAME}.exclude_keys": ["KEY"]})
        return f"a name may have {MOST_BYTES} bytes: leave keys out with {leaving}"
    return None
