"""Pin a run: check that it can be served, write its model card, then write the pin."""

from pathlib import Path

from planrec.reports.cards.model_card import card_of
from planrec.runs.write import write_card
from planrec.serving.bundle.signers import Signers, is_from_bundle
from planrec.serving.denied_runs import check_not_denied
from planrec.serving.pin import ANY_RUN, Pin, current_pin, pin_of, servable_run
from planrec.serving.pin_writing import write_pin


def pin_run(
    folder: Path,
    outputs: Path,
    reason: str | None = None,
    *,
    expected: Pin | None = None,
    allow_denied: bool = False,
    signers: Signers = ANY_RUN,
    dry_run: bool = False,
) -> Pin:
    """Pin a run, and write its model card into its folder; a run of a bundle has the signed one already.

    Args:
        folder: folder of the run.
        outputs: folder of pinned.json.
        reason: why, for those who ask later.
        expected: the pin that must still be there; None: the one that is there when the call begins.
        allow_denied: whether the run may be on the deny list.
        signers: the trusted keys, and whether a signature is required.
        dry_run: check everything and write nothing.

    Raises:
        RunError: the run is incomplete, was changed, was made by incompatible versions, does not repeat its
            golden predictions, or is denied; its card cannot be written; or the pin was changed in between.
            Nothing is pinned then.
    """
    before = expected or current_pin(outputs)
    saved = servable_run(folder, signers)
    if not allow_denied:
        check_not_denied(saved.sha256, outputs)
    pin = pin_of(saved, outputs, reason, before)
    card = card_of(folder)
    if not dry_run:
        if not is_from_bundle(folder):
            write_card(folder, card)
        write_pin(pin, outputs, before, allow_denied=allow_denied)
    return pin
