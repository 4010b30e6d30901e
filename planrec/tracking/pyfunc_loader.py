"""The loader that MLflow calls for a registered run: code of this package reads the run, and no pickle."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from planrec.files.json_file import JsonObject
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import SavedRun, load_run, replay_golden
from planrec.schema.request import read_request


class ServedModel:
    """A run as MLflow's models are called."""

    def __init__(self, saved: SavedRun) -> None:
        """Answer with this run."""
        self.saved = saved

    def predict(
        self, requests: Sequence[JsonObject], params: Mapping[str, object] | None = None
    ) -> list[JsonObject]:
        """Return the answers to requests of the API, in their order, as the API gives them.

        Args:
            requests: bodies of POST /predict.
            params: MLflow passes it; there are none.
        """
        named = {str(number): read_request(request) for number, request in enumerate(requests)}
        model = ModelName(self.saved.run_id, self.saved.manifest.versions["planrec"])
        return [json.loads(encoded(answer)) for answer in answers_of(self.saved.recommender, named, model)]


def _load_pyfunc(path: str) -> ServedModel:
    """Load a run, check every hash and repeat its golden answers; MLflow knows this name."""
    saved = load_run(Path(path))
    replay_golden(saved)
    return ServedModel(saved)
