"""The production check of the side with operations: `planrec realised --save`, then `planrec watch`.

A rehearsal has no server, so errors, latency and abstentions are not among the gates.
"""

from planrec.files.atomic_write import write_atomically
from planrec.monitoring.realised.realised import realised
from planrec.monitoring.realised.realised_json import as_json
from planrec.operating.rehearsal.pinned_runs import PinnedRuns
from planrec.operating.watch.gates import Sources
from planrec.operating.watch.monitoring_files import REALISED_FILE
from planrec.operating.watch.records import Watched
from planrec.operating.watch.watch import watch
from planrec.operating.watch.watch_rules import WatchRules

RULES = WatchRules(gates=("replay", "harm"))
NO_SERVER = "no server"


def watched(runs: PinnedRuns, log_url: str) -> Watched:
    """Check the pinned run once, by its answers computed again and by the bills that came."""
    file = runs.outputs / REALISED_FILE
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, as_json(realised(log_url, runs.outputs)).encode())
    return watch(Sources(runs.outputs, NO_SERVER, log_url), RULES)
