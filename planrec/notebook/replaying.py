"""`pr.replay`: earlier answers of the decision log, computed again."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.decision_log_options import days_between, key_file, log_url
from planrec.errors import ConfigError
from planrec.files.outputs_folder import default_outputs

if TYPE_CHECKING:
    import pandas as pd

    from planrec.serving.decision_log import LoggedDecision


COLUMNS = ("recommendation_id", "time", "run_id", "decision", "is_equal", "differences")
"Of the table of `replay`."


def replay(
    recommendation_id: str | None = None,
    *,
    subscriber: str | None = None,
    since: date | None = None,
    until: date | None = None,
    outputs: str | Path | None = None,
) -> "pd.DataFrame":
    """Compute earlier answers of the decision log again with the runs that gave them, and compare.

    Args:
        recommendation_id: of one answer; or
        subscriber: name in the requests, for all answers to them.
        since: with `subscriber`: first day, in UTC; None: all.
        until: with `subscriber`: last day; None: all.
        outputs: folder of runs, with the default log and its key; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        Columns `recommendation_id`, `time`, `run_id`, `decision`, `is_equal` and `differences`: one row per
        answer, the oldest first. `planrec replay` prints the inputs and bills of each.

    Raises:
        ConfigError: not exactly one of an id and a subscriber is given, or days without a subscriber.
        LogError: the log cannot be read, or has no such answer.
        RunError: the run is not below `outputs`, or was changed.
    """
    import pandas as pd

    place = default_outputs() if outputs is None else Path(outputs)
    logged = _logged(recommendation_id, subscriber, (since, until), place)
    from planrec.serving.replay.replayed_answer import replay as compute_again

    found = [(row, compute_again(row, place)) for row in logged]
    rows = [
        (
            *(row.recommendation_id, row.time, row.run_id, again.compared.decision),
            *(again.is_equal, "; ".join(again.differences)),
        )
        for row, again in found
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _logged(
    name: str | None, subscriber: str | None, days: tuple[date | None, date | None], outputs: Path
) -> "Sequence[LoggedDecision]":
    from planrec.serving.decision_log import Keys, decisions_of, find_decision

    url = log_url(None, outputs)
    if name is not None and subscriber is None and days == (None, None):
        return [find_decision(url, name)]
    if subscriber is None or name is not None:
        raise ConfigError("give a recommendation_id, or a subscriber and perhaps days, not both")
    return decisions_of(url, subscriber, Keys.read(key_file(outputs)), days_between(*days))
