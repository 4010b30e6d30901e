"""What the handlers read, once per request: swapping a run is one assignment."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from planrec.run_folder import SavedRun


@dataclass(frozen=True)
class ServedRun:
    """The run that answers, and the request model made from its columns."""

    saved: SavedRun
    request: type[BaseModel]

    @property
    def example(self) -> dict[str, Any]:
        """A request that the run accepts."""
        return dict(self.saved.manifest["golden"]["requests"][0])
