"""A simulated operator that scores its subscribers with a log, and gets the months after that."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planrec.cli import main
from planrec.runs.read import SavedRun, load_run
from tests.serving.decision_log.decisions import url_of

FIRST, LAST = np.datetime64("2018-01"), np.datetime64("2018-12")


@dataclass(frozen=True)
class World:
    """The months of all subscribers, and a log."""

    folder: Path
    saved: SavedRun
    months: pd.DataFrame
    "Columns of a file to score; the month as text."
    server_url: str | None = None
    "The log in PostgreSQL; None for the file of SQLite in the folder."

    @classmethod
    def of(cls, run: Path, folder: Path) -> "World":
        """Simulate the months that a run was trained on."""
        saved = load_run(run)
        history = saved.config.data.load(saved.recommender.catalogue)
        months = pd.DataFrame(
            {
                "subscriber": history.subscriber.astype(str),
                "month": history.month.astype(str),
                "plan_held": np.array(history.plans, object)[history.plan_held],
                **history.usage,
            }
        )
        return cls(folder, saved, months)

    @property
    def url(self) -> str:
        return self.server_url or url_of(self.folder / "decisions.sqlite")

    @property
    def outputs(self) -> Path:
        return self.saved.folder.parent.parent

    @property
    def key_file(self) -> Path:
        return self.folder / "decisions.key"

    def file(self, rows: pd.DataFrame, name: str = "months.csv") -> Path:
        file = self.folder / name
        rows.to_csv(file, index=False)
        return file

    def between(self, first: str, last: str) -> pd.DataFrame:
        return self.months[(self.months["month"] >= first) & (self.months["month"] <= last)]

    def score(self, until: str, *, since: str = "0000") -> pd.DataFrame:
        """Advise all subscribers after a month, and return the advice; equal files are one advice."""
        source, target = self.file(self.between(since, until), "history.csv"), self.folder / f"{until}.csv"
        words = ["score", source, target, "--run", self.saved.folder, "--log", self.url]
        assert main(list(map(str, [*words, "--outputs", self.outputs]))) == 0
        return self.advice(until)

    def advice(self, month: str) -> pd.DataFrame:
        """Return the advice after a month."""
        return pd.read_csv(self.folder / f"{month}.csv", dtype=str)

    def outcomes(self, file: Path, *options: object) -> int:
        words = ["outcomes", file, "--run", self.saved.folder, "--log", self.url, "--outputs", self.outputs]
        return main(list(map(str, [*words, *options])))
