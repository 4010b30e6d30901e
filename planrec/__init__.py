"""Recommend a mobile plan from a subscriber's monthly usage.

The public names are loaded when first used, so that `import planrec` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planrec.catalogue import Catalogue
    from planrec.config.run_config import RunConfig
    from planrec.evaluation import Evaluation
    from planrec.notebook.advice import AdviceFrame, AdviceReasons
    from planrec.notebook.campaigning import WrittenCampaign, campaign
    from planrec.notebook.comparing import RunComparison, compare, evaluate, leaderboard
    from planrec.notebook.drifting import DriftCheck, drift
    from planrec.notebook.operating import realised, retrain, score
    from planrec.notebook.pinning import pin
    from planrec.notebook.plots import RunPlots
    from planrec.notebook.replaying import replay
    from planrec.notebook.simulating import simulate
    from planrec.notebook.tracking import track
    from planrec.notebook.trained_run import TrainedRun, load
    from planrec.notebook.training import train
    from planrec.notebook.what_if import what_if
    from planrec.notebook.writing import RunCard, bundle, card, explain, new_plans, report
    from planrec.recommending.recommender import Recommender
    from planrec.runs.read import SavedRun, load_run
    from planrec.runs.write import save_run
    from planrec.training.experiment import RunResult, run
    from planrec.training.verdict import RunVerdict

    __version__: str

__all__ = [
    "AdviceFrame",
    "AdviceReasons",
    "Catalogue",
    "DriftCheck",
    "Evaluation",
    "Recommender",
    "RunCard",
    "RunComparison",
    "RunConfig",
    "RunPlots",
    "RunResult",
    "RunVerdict",
    "SavedRun",
    "TrainedRun",
    "WrittenCampaign",
    "bundle",
    "campaign",
    "card",
    "compare",
    "drift",
    "evaluate",
    "explain",
    "leaderboard",
    "load",
    "load_run",
    "new_plans",
    "pin",
    "realised",
    "replay",
    "report",
    "retrain",
    "run",
    "save_run",
    "score",
    "simulate",
    "track",
    "train",
    "what_if",
]

_HOME = {
    "planrec.catalogue": ("Catalogue",),
    "planrec.config.run_config": ("RunConfig",),
    "planrec.evaluation": ("Evaluation",),
    "planrec.notebook.advice": ("AdviceFrame", "AdviceReasons"),
    "planrec.notebook.campaigning": ("WrittenCampaign", "campaign"),
    "planrec.notebook.comparing": ("RunComparison", "compare", "evaluate", "leaderboard"),
    "planrec.notebook.drifting": ("DriftCheck", "drift"),
    "planrec.notebook.operating": ("realised", "retrain", "score"),
    "planrec.notebook.pinning": ("pin",),
    "planrec.notebook.plots": ("RunPlots",),
    "planrec.notebook.replaying": ("replay",),
    "planrec.notebook.simulating": ("simulate",),
    "planrec.notebook.tracking": ("track",),
    "planrec.notebook.trained_run": ("TrainedRun", "load"),
    "planrec.notebook.training": ("train",),
    "planrec.notebook.what_if": ("what_if",),
    "planrec.notebook.writing": ("RunCard", "bundle", "card", "explain", "new_plans", "report"),
    "planrec.recommending.recommender": ("Recommender",),
    "planrec.runs.read": ("SavedRun", "load_run"),
    "planrec.runs.write": ("save_run",),
    "planrec.training.experiment": ("RunResult", "run"),
    "planrec.training.verdict": ("RunVerdict",),
}
"Module -> its public names."

if not TYPE_CHECKING:  # seen by a type checker, it would make every misspelt name an Any

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return import_module("importlib.metadata").version("planrec")
        for module, names in _HOME.items():
            if name in names:
                return getattr(import_module(module), name)
        raise AttributeError(f"module 'planrec' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, so that notebooks complete them before they are loaded."""
    return sorted({*globals(), *__all__, "__version__"})
