"""The state of one server process: Litestar's `app.state`, typed."""

from typing import Self, cast

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from .campaigns.job_store import CampaignJobs
from .decision_logging import AnswerLog
from .decision_reading import DecisionReader
from .micro_batching import MicroBatcher
from .operate.operating import Operating
from .outcome_storing import OutcomeStore
from .prometheus import Metrics
from .refused_pin import RefusedPin
from .run_library import RunLibrary
from .served_run import ServedRun
from .settings import Limits


class ServerState(State):
    """Objects that all requests of a process share."""

    served: ServedRun | None
    "Read it once per request: it is replaced when another run is pinned."
    refused_pin: RefusedPin | None
    "A newer pin that is not served."
    limits: Limits
    root_path: str
    "Prefix of all paths as clients see them; see `Server.root_path`."
    requires_key: bool
    cors_origins: tuple[str, ...]
    metrics: Metrics
    answer_log: AnswerLog | None
    outcome_store: OutcomeStore | None
    decision_reader: DecisionReader | None
    run_library: RunLibrary
    operating: Operating
    campaigns: CampaignJobs
    micro_batcher: MicroBatcher

    @classmethod
    def of(
        cls,
        *,
        served: ServedRun,
        refused_pin: RefusedPin | None,
        limits: Limits,
        root_path: str,
        requires_key: bool,
        cors_origins: tuple[str, ...],
        metrics: Metrics,
        answer_log: AnswerLog | None,
        outcome_store: OutcomeStore | None,
        decision_reader: DecisionReader | None,
        run_library: RunLibrary,
        operating: Operating,
        campaigns: CampaignJobs,
    ) -> Self:
        """Return the state of a process that starts."""
        return cls(
            {
                "served": served,
                "refused_pin": refused_pin,
                "limits": limits,
                "root_path": root_path,
                "requires_key": requires_key,
                "cors_origins": cors_origins,
                "metrics": metrics,
                "answer_log": answer_log,
                "outcome_store": outcome_store,
                "decision_reader": decision_reader,
                "run_library": run_library,
                "operating": operating,
                "campaigns": campaigns,
                "micro_batcher": MicroBatcher(),
            }
        )

    @property
    def pin_error(self) -> str | None:
        """The reason why a newer pin is not served."""
        return None if self.refused_pin is None else self.refused_pin.reason

    @property
    def run(self) -> ServedRun:
        """The served run.

        Raises:
            HTTPException: 503, if no run is served yet.
        """
        served = self.served
        if served is None:
            raise HTTPException(status_code=503, detail="no run is served yet")
        return served


def state_of(app: Litestar) -> ServerState:
    """Return the typed state of an app of `create_app`."""
    return cast(ServerState, app.state)
