"""The runs of a retrain: trained once, found again after a kill, and never one that is denied."""

import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from planrec.config.run_config import RunConfig
from planrec.errors import DataError, RunError
from planrec.files.folder_walk import complete_runs
from planrec.runs.address import address_of
from planrec.runs.read import RunRecord, read_manifest, read_record
from planrec.serving.denied_runs import read_denied

OF_THE_DATA = ("data", "target", "catalogue", "cv", "metrics", "n_bootstrap", "seed", "threads", "waivers")
"Parts of the new config that the refitted champion takes; the others are the champion's own."

Train = Callable[[RunConfig, Path, str], None]
"""Trains a config into a folder and records the command: `train_in_child` or `train_here`."""


@dataclass(frozen=True)
class Candidates:
    """The configurations that are trained on the new decisions."""

    outputs: Path
    challenger: RunConfig
    refitted: RunConfig | None
    "The champion's own configuration on the new data; None if the challenger's is the same."
    data_fingerprint: str

    def denied(self) -> str | None:
        """Return why the challenger must not be pinned: it would equal a denied run; None if it may be."""
        address = address_of(self.challenger, self.data_fingerprint)
        for entry in read_denied(self.outputs):
            # Entries of earlier versions name no address.
            if (entry.address or _address(self.outputs / entry.run)) == address:
                return (
                    f"the challenger would equal {entry.run}, which is denied since {entry.denied_at}"
                    f" ({entry.reason}): config, data and code are the same; change the config, or wait for"
                    " new data"
                )
        return None

    def trained(self, train: Train, overrides: Sequence[str]) -> tuple[RunRecord, RunRecord | None]:
        """Train the challenger, after the refitted champion if there is one.

        A complete run of the same config, data and code is taken as it is.

        Args:
            train: trains one config.
            overrides: those of the command line, which the runs record.

        Raises:
            DataError: the data changed after it was checked.
            PlanRecError: a training failed.
        """
        command = shlex.join(["planrec", "retrain", *overrides])
        refitted = None if self.refitted is None else self._run_of(self.refitted, train, command)
        return self._run_of(self.challenger, train, command), refitted

    def _run_of(self, config: RunConfig, train: Train, command: str) -> RunRecord:
        address = address_of(config, self.data_fingerprint)
        # Equal addresses, equal results: a retrain that was killed after the training goes on with its run.
        for folder in reversed(complete_runs(self.outputs)):
            if _address(folder) == address:
                return read_record(folder)
        now = datetime.now(UTC)
        folder = self.outputs / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{secrets.token_hex(3)}"
        train(config, folder, command)
        run = read_record(folder)
        if run.manifest.data_fingerprint != self.data_fingerprint:
            raise DataError("the data changed while the challenger was trained: start the retrain again")
        return run


def candidates_of(champion: RunConfig, config: RunConfig, data_fingerprint: str, outputs: Path) -> Candidates:
    """Return the challenger's config, and the champion's own on the same data if that is another one.

    Args:
        champion: the config of the pinned run.
        config: that of the challenger.
        data_fingerprint: that of the new decisions.
        outputs: folder of runs.
    """
    own = champion.model_copy(update={part: getattr(config, part) for part in OF_THE_DATA})
    same = own.model_copy(update={"baselines": config.baselines, "gates": config.gates}) == config
    refitted = None if same else own.model_copy(update={"baselines": {}, "gates": {}})
    return Candidates(outputs, config, refitted, data_fingerprint)


def _address(folder: Path) -> str | None:
    """Return the address of a run with figures of its own, or None."""
    try:
        return read_manifest(folder).own_address
    except RunError:
        return None
