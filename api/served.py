"""What the handlers read, once per request: swapping a run is one assignment."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from api.requests import request_model
from planrec.run_folder import SavedRun


@dataclass(frozen=True)
class ServedRun:
    """The run that answers, and the request model made from its columns."""

    saved: SavedRun
    request: type[BaseModel]

    @classmethod
    def of(cls, saved: SavedRun) -> "ServedRun":
        """A run made ready to answer, and warmed: the first request should not be the slow one."""
        served = cls(saved, request_model(saved.recommender))
        saved.recommender.recommend(saved.recommender.table([served.example]))
        return served

    @property
    def example(self) -> dict[str, Any]:
        """A request that the run accepts."""
        return dict(self.saved.manifest["golden"]["requests"][0])
