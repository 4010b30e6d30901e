"""The result of a retrain, for the terminal and for programs."""

import json
from pathlib import Path

from rich.table import Table
from rich.text import Text

from planrec.files.outputs_folder import command_line
from planrec.operating.judgement import Judgement
from planrec.operating.retrain import Outcome, Retrained
from planrec.serving.bundle.signers import Signers
from planrec.terminal import console_of_tables
from planrec.wording import counted, with_interval

SENTENCES: dict[Outcome, str] = {
    "promoted": "promoted: the challenger passed every gate and is pinned",
    "would_promote": "passed: the challenger would be promoted; nothing was pinned",
    "nothing_new": "nothing to do: the champion was trained on all of these decisions",
    "too_soon": "nothing to do: the champion was pinned a short time ago",
    "undecided": "undecided: too few decisions show that the challenger is not worse; nothing was pinned",
    "refused": "refused: the challenger is surely worse than a margin allows; nothing was pinned",
}
"The first line about an outcome."


def print_retrained(result: Retrained, outputs: Path, signers: Signers) -> None:
    """Print the outcome, the values of all sides, the reasons, and the next commands."""
    console = console_of_tables()
    console.print(Text(SENTENCES[result.outcome], style="bold"))
    if result.judgement is not None:
        console.print(_values(result.judgement))
    lines = [*result.reasons, *result.notes, f"champion: {outputs / result.champion}"]
    if result.challenger is not None:
        lines.append(f"challenger: {result.challenger}")
    if result.outcome == "would_promote" and result.challenger is not None:
        lines += _next_commands(result.challenger, outputs, signers)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _next_commands(challenger: Path, outputs: Path, signers: Signers) -> list[str]:
    """Return the commands that pin a challenger, which must be signed if the server requires it."""
    if not signers.are_required:
        return [f"pin it: {command_line('pin', challenger, outputs=outputs)}"]
    bundle = f"{challenger.name}.bundle"
    signed = command_line("bundle", challenger, bundle, "--key", "operator.key", outputs=outputs)
    return [
        f"sign it with your private key: {signed}",
        f"pin it: {command_line('pin', bundle, outputs=outputs)}",
    ]


def as_json(result: Retrained) -> str:
    """Return the result as JSON."""
    content = {
        "schema": "planrec.retrain/1",
        "outcome": result.outcome,
        "champion": result.champion,
        "challenger": None if result.challenger is None else str(result.challenger),
        "judgement": None if result.judgement is None else result.judgement.as_json(),
        "reasons": list(result.reasons),
        "notes": list(result.notes),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _values(judgement: Judgement) -> Table:
    metrics = list(dict.fromkeys(metric for found in judgement.values.values() for metric in found))
    title = (
        f"{counted(judgement.n_decisions, 'decision')} of {counted(judgement.n_subscribers, 'subscriber')}"
        + (f" since {judgement.since}" if judgement.since is not None else "")
    )
    table = Table(title, *metrics)
    for side, found in judgement.values.items():
        cells = (found.get(metric) for metric in metrics)
        table.add_row(side, *("-" if c is None else with_interval(c.value, c.low, c.high) for c in cells))
    return table
