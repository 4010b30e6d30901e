"""Recommend a mobile plan from a subscriber's monthly usage.

The public names are loaded when first used, so that `import planrec` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planrec.catalogue import Catalogue
    from planrec.config.run_config import RunConfig
    from planrec.evaluation import Evaluation, evaluate
    from planrec.recommending.recommender import Recommender
    from planrec.runs.read import SavedRun, load_run
    from planrec.runs.write import save_run
    from planrec.training.experiment import RunResult, run

    __version__: str

__all__ = [
    "Catalogue",
    "Evaluation",
    "Recommender",
    "RunConfig",
    "RunResult",
    "SavedRun",
    "evaluate",
    "load_run",
    "run",
    "save_run",
]

_HOME = {
    "Catalogue": "planrec.catalogue",
    "Evaluation": "planrec.evaluation",
    "Recommender": "planrec.recommending.recommender",
    "RunConfig": "planrec.config.run_config",
    "RunResult": "planrec.training.experiment",
    "SavedRun": "planrec.runs.read",
    "evaluate": "planrec.evaluation",
    "load_run": "planrec.runs.read",
    "run": "planrec.training.experiment",
    "save_run": "planrec.runs.write",
}

if not TYPE_CHECKING:  # seen by a type checker, it would make every misspelt name an Any

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return import_module("importlib.metadata").version("planrec")
        if name not in _HOME:
            raise AttributeError(f"module 'planrec' has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)
