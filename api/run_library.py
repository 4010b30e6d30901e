"""The runs that a server lists, compares and shows; nothing is written, and no path is sent."""

import logging
import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from litestar.exceptions import HTTPException
from msgspec import structs

from planrec.errors import RunError
from planrec.reports.comparison.comparison_facts import ComparedRuns
from planrec.reports.run_list.followed_runs import FollowedRuns, KnownRun, RunListing
from planrec.reports.run_list.run_detail import RunDetail, read_run_detail
from planrec.reports.run_list.run_row import RunRow
from planrec.serving.denied_runs import read_denied
from planrec.serving.pin import current_pin

from .language.requested import LANGUAGE
from .language.translate import translated
from .not_readable import readable

MOST_KEPT = 8
"Reports, cards and comparisons that are kept: each takes seconds to make."
log = logging.getLogger("planrec.api")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class MadePage(NamedTuple):
    """A page of HTML that was made for a run."""

    content: bytes
    policy: str
    "Its content security policy, which allows its own style sheets by their hashes."


class RunLibrary:
    """The runs of one folder, for threads that may wait."""

    def __init__(self, outputs: Path) -> None:
        """Follow the folder of runs."""
        self.outputs = outputs
        self._followed = FollowedRuns(outputs)
        # One page or comparison at a time: they take seconds of a processor that also answers requests.
        self._making = Lock()
        self._report = lru_cache(MOST_KEPT)(_report_page)
        self._card = lru_cache(MOST_KEPT)(_card_page)
        self._comparison = lru_cache(MOST_KEPT)(_comparison)

    def listing(self) -> tuple[RunListing, list[RunRow]]:
        """Return the runs, and their rows in the language of the request."""
        found = self._followed.read()
        pin = current_pin(self.outputs)
        pinned, denied = None if pin is None else pin.run_json_sha256, self._denied()
        can_pin = denied is not None
        language = LANGUAGE.get()
        rows = [
            structs.replace(
                run.rows[language],
                sweeps=list(found.sweeps_of.get(run.rows[language].folder, ())),
                warnings=[translated(text, language) for text in run.rows[language].warnings],
                is_pinned=run.sha256 == pinned,
                is_denied=run.sha256 in (denied or ()),
                pin_command=run.rows[language].pin_command if can_pin else None,
            )
            for run in found.runs
        ]
        return found, rows

    def detail(self, name: str) -> RunDetail:
        """Return a run with all of its figures. Raises HTTPException or NotReadableError."""
        found, rows = self.listing()
        run = _with_id(found, name)
        with self._readable():
            return read_run_detail(self._folder(run), rows[found.runs.index(run)])

    def compared(self, first: str, second: str) -> ComparedRuns:
        """Compare two runs. Raises HTTPException or NotReadableError."""
        found = self._followed.read()
        one, other = _with_id(found, first), _with_id(found, second)
        with self._making, self._readable():
            made = self._comparison(self._folder(one), one.sha256, self._folder(other), other.sha256)
        return structs.replace(made, verdict=translated(made.verdict, LANGUAGE.get()))

    def report(self, name: str) -> MadePage:
        """Return the report of a run. Raises HTTPException or NotReadableError."""
        return self._made(self._report, name)

    def card(self, name: str) -> MadePage:
        """Return the model card of a run. Raises HTTPException or NotReadableError."""
        return self._made(self._card, name)

    def _made(self, make: Callable[[Path, str], MadePage], name: str) -> MadePage:
        run = _with_id(self._followed.read(), name)
        with self._making, self._readable():
            return make(self._folder(run), run.sha256)

    def _readable(self) -> AbstractContextManager[None]:
        return readable("the run cannot be read", self.outputs)

    def _folder(self, run: KnownRun) -> Path:
        return self.outputs.resolve() / run.rows["en"].folder

    def _denied(self) -> set[str] | None:
        """Return the hashes of the denied runs; None if they cannot be read: nothing can be pinned then."""
        try:
            return {entry.run_json_sha256 for entry in read_denied(self.outputs)}
        except RunError as error:
            log.error("no run can be pinned: %s", error.message)
            return None


def _with_id(found: RunListing, name: str) -> KnownRun:
    run = found.with_id(name)
    if run is None:
        raise HTTPException(status_code=404, detail="no such run")
    return run


# The hash is an argument, so that a replaced run is made again.
def _report_page(folder: Path, sha256_of_run: str) -> MadePage:
    from planrec.reports.page.report_page import report_page
    from planrec.reports.page.requested_runs import read_requested_runs

    return made_page(report_page(read_requested_runs([folder])))


def _card_page(folder: Path, sha256_of_run: str) -> MadePage:
    from planrec.reports.cards.card_page import card_page
    from planrec.reports.cards.model_card import card_of

    return made_page(card_page(card_of(folder)))


def _comparison(first: Path, sha256_of_first: str, second: Path, sha256_of_second: str) -> ComparedRuns:
    from planrec.reports.comparison.comparison_facts import compared_runs
    from planrec.reports.comparison.run_comparison import compare

    return compared_runs(compare(first, second))


def made_page(html: str) -> MadePage:
    """Return a page with the policy that its own style sheets need.

    >>> made_page("<style>p { margin: 0 }</style>").policy[:50]
    "default-src 'none'; style-src 'sha256-7IWhgxoOGTB5"
    """
    digests = [sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    allowed = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests) or "'none'"
    policy = f"default-src 'none'; style-src {allowed}; frame-ancestors 'none'"
    return MadePage(html.encode(), policy)
