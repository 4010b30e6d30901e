"""What the handlers read, once per request: swapping a run is one assignment."""

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ValidationError

from planrec.errors import ConfigError
from planrec.runs.read import SavedRun
from planrec.schema.request import fields_of
from planrec.serving.decision_log import LoggedRun

from .parsing.request_body import misfits_of, read_one
from .parsing.request_model import request_model
from .settings import Limits


@dataclass(frozen=True)
class ServedRun:
    """The run that answers, and the request model made from its columns."""

    saved: SavedRun
    request: type[BaseModel]

    @classmethod
    def of(cls, saved: SavedRun, limits: Limits | None = None) -> "ServedRun":
        """A run made ready to answer, and warmed: the first request should not be the slow one.

        Raises:
            ConfigError: the limits refuse an ordinary request of this run.
        """
        limits = limits or Limits()
        served = cls(saved, request_model(saved.recommender, limits))
        body = json.dumps(served.example).encode()
        problems = [] if len(body) <= limits.body_bytes else [f"it has {len(body):,} bytes"]
        try:
            request = read_one(served.request, body)
        except ValidationError as error:
            problems += [f"{misfit.pointer}: {misfit.detail}" for misfit in misfits_of(error)]
        if problems:
            raise ConfigError(
                f"PLANREC_LIMITS refuse an ordinary request of the run {saved.run_id}", problems
            )
        saved.recommender.recommend(saved.recommender.table([request]))
        return served

    @cached_property
    def logged_run(self) -> LoggedRun:
        """The run as the decision log names it."""
        catalogue = self.saved.recommender.catalogue
        named: tuple[str | None, str | None, str | None] = (None, None, None)
        if catalogue is not None:
            named = (catalogue.catalogue_id, catalogue.version, catalogue.sha256)
        policy = self.saved.config.policy.kind
        return LoggedRun(self.saved.run_id, self.saved.sha256, version("planrec"), *named, policy)

    @cached_property
    def request_fields(self) -> tuple[str, ...]:
        """Fields of a request that the run reads."""
        return fields_of(self.saved.recommender.inputs)

    @property
    def example(self) -> dict[str, Any]:
        """A request that the run accepts."""
        return dict(self.saved.manifest.golden.requests[0])
