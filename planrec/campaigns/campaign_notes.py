"""Notes about settings and files of a campaign that have no effect, which is seldom meant."""

from collections.abc import Iterator

import numpy as np

from planrec.campaigns.settings import CampaignSettings
from planrec.campaigns.summary import FileUse
from planrec.wording import shown


def notes_about_files(objections: FileUse | None, contacts: FileUse | None) -> Iterator[str]:
    """Note the files none of whose entries is in the months file.

    >>> [note.partition(":")[0] for note in notes_about_files(FileUse(2, 0), FileUse(5, 1))]
    ['do_not_contact matches no subscriber of the months file']
    """
    effects = {
        "do_not_contact": (objections, "subscribers who objected may be contacted"),
        "contact_history": (contacts, "earlier contacts exclude no subscriber"),
    }
    for option, (use, effect) in effects.items():
        if use is not None and use.matched == 0 < use.entries:
            yield (
                f"{option} matches no subscriber of the months file: {effect}. Check that both files write"
                f" subscribers alike (0 of {use.entries:,} entries match)"
            )


def notes_about_quiet_hours(settings: CampaignSettings, channel: np.ndarray) -> Iterator[str]:
    """Note the channels with quiet hours that no subscriber has.

    Args:
        settings: of the campaign.
        channel: shape (n,), object: channel of each subscriber, or None.

    >>> settings = CampaignSettings(channel="email", quiet_hours={"SMS": [[21, 9]]})
    >>> next(notes_about_quiet_hours(settings, np.array(["email"], object)))
    "quiet_hours: no subscriber has the channel 'SMS'; channels are 'email'"
    """
    known = sorted({name for name in channel if name is not None})
    folded = {name.casefold() for name in known}
    for name in settings.quiet_hours:
        if name.casefold() not in folded:
            yield f"quiet_hours: no subscriber has the channel {name!r}; channels are {shown(known)}"
