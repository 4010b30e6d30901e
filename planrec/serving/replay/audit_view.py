"""The terminal output of a replay: inputs, plans with their bills, exclusions and the rule, for auditors."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.table import Table

from planrec.runs.provenance import versions
from planrec.schema.request import fields_of
from planrec.serving.replay.policy_rule import rule_of
from planrec.serving.replay.replayed_answer import Replayed
from planrec.terminal import console_of_tables
from planrec.wording import visible


def print_all(found: Sequence[Replayed]) -> None:
    """Print answers one after the other; if there are several, first how many."""
    if len(found) > 1:
        print(f"{len(found)} answers, the oldest first\n")
    for number, replayed in enumerate(found):
        if number:
            print("\n" + "-" * 80 + "\n")
        print_replayed(replayed)


def print_replayed(replayed: Replayed) -> None:
    """Print the inputs of an answer, its result, and whether it is the same now."""
    console = console_of_tables(highlight=False, markup=False)
    for label, value in replayed.identity:
        console.print(visible(f"{label:<12}{value}"))
    console.print("\ninputs")
    for part in _inputs(replayed):
        console.print(part)
    console.print("\nplans compared")
    console.print(_plans(replayed))
    for line in [*_not_offered(replayed), *_decision(replayed)]:
        console.print(line)
    console.print(*_verdict(replayed), sep="\n")


def _inputs(replayed: Replayed) -> Iterator[Table | str]:
    request, inputs = replayed.request, replayed.saved.recommender.inputs
    if request.months:
        columns = ("month", *inputs.usage)
        table = Table(*columns)
        for month in request.months:
            table.add_row(*(str(getattr(month, name)) for name in columns))
        yield table
    others = [name for name in fields_of(inputs) if name not in ("months", "attributes")]
    for name, value in {**request.attributes, **{name: getattr(request, name) for name in others}}.items():
        yield f"{name}: {_shown(value)}"


def _shown(value: object) -> str:
    if value in (None, ()):
        return "not given"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _plans(replayed: Replayed) -> Table:
    answer = replayed.compared
    table = Table(
        "rank", "plan", f"bill a month, {answer.currency or '-'}", "p10 to p90", "saving", "probability"
    )
    for item in answer.items:
        interval = "-" if item.bill_p10 is None else f"{item.bill_p10} to {item.bill_p90}"
        held = " (held)" if answer.current is not None and answer.current.plan_id == item.plan_id else ""
        bill, saving = item.expected_bill or "-", item.expected_saving or "-"
        table.add_row(str(item.rank), item.plan_id + held, bill, interval, saving, f"{item.probability:.4f}")
    return table


def _not_offered(replayed: Replayed) -> Iterator[str]:
    for plan in replayed.compared.not_offered:
        yield f"not offered: {plan.plan_id}, {plan.code}"


def _decision(replayed: Replayed) -> Iterator[str]:
    answer, rule = replayed.compared, rule_of(replayed.saved.config.policy)
    values = ", ".join(f"{name} {value}" for name, value in rule.values.items())
    yield f"\ndecision    {answer.decision}, {answer.reason}: {answer.sentence}"
    yield f"rule        policy={rule.policy}{f' ({values})' if values else ''}"
    yield textwrap.indent(rule.text, " " * 12)


def _verdict(replayed: Replayed) -> list[str]:
    if replayed.is_equal:
        return [f"\nreplay      {replayed.equal}"]
    installed = versions()["planrec"]
    code = "" if installed == replayed.version else f", answered by PlanRec {replayed.version}"
    return [f"\nreplay      DIFFERS (PlanRec {installed}{code})", *replayed.differences]
