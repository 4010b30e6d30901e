"""A search as a source of cells: Optuna proposes values, a cell judges them, Optuna learns."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planrec.errors import RunError
from planrec.search import Search, silent_optuna
from planrec.sweeps.run_cells import EndedCell, PlannedRun

if TYPE_CHECKING:
    import optuna

Plan = Callable[[int, Mapping[str, Any]], PlannedRun]
"Trial number and values -> the cell to run."

VALUES, FAILED = "values", "failed"
"Own attributes of a trial: the values as the model takes them, and whether the cell failed."


class Trials:
    """The trials of one search, kept in a file, so that an interrupted search goes on.

    Args:
        file: SQLite file of the study.
        at_once: trials that are proposed before the first of them is evaluated.
    """

    def __init__(
        self, file: Path, search: Search, seed: int, higher_is_better: bool, at_once: int, plan: Plan
    ) -> None:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        self._search = search
        self._plan = plan
        self._open: dict[int, optuna.Trial] = {}
        with silent_optuna():
            try:
                self._study = optuna.create_study(
                    storage=f"sqlite:///{file.absolute()}",
                    study_name="search",
                    direction="maximize" if higher_is_better else "minimize",
                    load_if_exists=True,
                )
            except (SQLAlchemyError, optuna.exceptions.OptunaError) as error:
                remedy = "remove it: finished trials are kept as cells, and the search starts again"
                raise RunError(f"{file} is not a study that can be read; {remedy}") from error
            # A search that goes on must not repeat its first proposals.
            self._study.sampler = optuna.samplers.TPESampler(
                seed=seed + len(self._study.trials), constant_liar=at_once > 1
            )

            self._ended = [trial for trial in self._interrupted_put_back() if self._has_ended(trial)]

    @property
    def n_cells(self) -> int:
        """Number of trials: the requested ones, or the existing ones if there are more."""
        return max(self._search.n_trials, len(self._ended))

    def __iter__(self) -> Iterator[PlannedRun]:
        """Yield trials that have ended, to be linked or tried again, then new ones."""
        for trial in self._ended:
            yield self._plan(trial.number, json.loads(trial.user_attrs[VALUES]))
        for _ in range(len(self._ended), self._search.n_trials):
            yield self._next()

    def learn(self, row: EndedCell) -> None:
        """Report the value of a trial to Optuna, unless the study has it already."""
        import optuna

        trial = self._open.pop(row.cell.number, None)
        if trial is None:
            return
        with silent_optuna():
            if row.value is None or row.value.value != row.value.value:
                trial.set_user_attr(FAILED, True)
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(trial, row.value.value)

    def _next(self) -> PlannedRun:
        with silent_optuna():
            trial = self._study.ask()
            values = self._search.suggest(trial)
            trial.set_user_attr(VALUES, json.dumps(values))
        self._open[trial.number] = trial
        return self._plan(trial.number, values)

    def _interrupted_put_back(self) -> "list[optuna.trial.FrozenTrial]":
        """Return all trials, after queueing those that ran when the search was killed."""
        import optuna

        running = optuna.trial.TrialState.RUNNING
        with silent_optuna():
            for trial in self._study.get_trials(states=[running]):
                self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
                if trial.params:
                    self._study.enqueue_trial(trial.params)
            return self._study.trials

    def _has_ended(self, trial: "optuna.trial.FrozenTrial") -> bool:
        return VALUES in trial.user_attrs and (trial.value is not None or FAILED in trial.user_attrs)
