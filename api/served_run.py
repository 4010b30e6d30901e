"""The run that a server answers with; replacing it is one assignment."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ValidationError

from planrec.errors import ConfigError
from planrec.recommending.answer import ModelName
from planrec.runs.read import SavedRun
from planrec.schema.request import Request, fields_of, read_request
from planrec.serving.decision_log import LoggedRun

from .parsing.request_body import misfits_of, parse_request
from .parsing.request_model import request_model
from .settings import Limits


@dataclass(frozen=True)
class ServedRun:
    """A saved run, and the model of the requests that it accepts."""

    saved: SavedRun
    request_model: type[BaseModel]

    @classmethod
    def of(cls, saved: SavedRun, limits: Limits | None = None) -> Self:
        """Prepare a run for serving, and answer one request so that the first real one is not slow.

        Raises:
            ConfigError: the limits are too low for an ordinary request of this run.
        """
        limits = limits or Limits()
        served = cls(saved, request_model(saved.recommender, limits))
        body = json.dumps(served.example).encode()
        problems = [] if len(body) <= limits.body_bytes else [f"it has {len(body):,} bytes"]
        try:
            parse_request(served.request_model, body)
        except ValidationError as error:
            problems += [f"{misfit.pointer}: {misfit.detail}" for misfit in misfits_of(error)]
        if problems:
            raise ConfigError(
                f"PLANREC_LIMITS refuse an ordinary request of the run {saved.run_id}", problems
            )
        saved.recommender.recommend(saved.recommender.table([served.example_request]))
        return served

    @cached_property
    def model_name(self) -> ModelName:
        """The name of the run in answers."""
        return ModelName(self.saved.run_id, self.saved.manifest.versions["planrec"])

    @cached_property
    def logged_run(self) -> LoggedRun:
        """The name of the run in the decision log."""
        return LoggedRun.of(self.saved)

    @cached_property
    def request_fields(self) -> tuple[str, ...]:
        """Fields of a request that the run reads."""
        return fields_of(self.saved.recommender.inputs)

    @property
    def example(self) -> dict[str, Any]:
        """A request that the run accepts, as decoded JSON."""
        return dict(self.saved.manifest.golden.requests[0])

    @property
    def example_request(self) -> Request:
        """The request of `example`."""
        return read_request(self.example)
