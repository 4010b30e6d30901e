"""Pin a run: check that it can be served, write its model card, then write the pin."""

from pathlib import Path

from planrec.reports.cards.model_card import card_of
from planrec.runs.write import write_card
from planrec.serving.pin import Pin, pin_of, servable_run, write_pin


def pin_run(folder: Path, outputs: Path, reason: str | None = None, *, dry_run: bool = False) -> Pin:
    """Pin a run, and write its model card into its folder.

    Args:
        folder: folder of the run.
        outputs: folder of pinned.json.
        reason: why, for those who ask later.
        dry_run: check everything and write nothing.

    Raises:
        RunError: the run is incomplete, was changed, was made by incompatible versions, does not repeat its
            golden predictions, or its card cannot be written. Nothing is pinned then.
    """
    saved = servable_run(folder)
    pin = pin_of(saved, outputs, reason)
    card = card_of(folder)
    if not dry_run:
        write_card(folder, card)
        write_pin(pin, outputs)
    return pin
