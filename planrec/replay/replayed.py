"""A logged answer, and the same request asked again of the same run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from msgspec import structs

from planrec.answers import Answer, ModelName, answers_of, encoded
from planrec.decision_log import LoggedDecision
from planrec.errors import LogError
from planrec.policy import Language
from planrec.request import Request, read_request
from planrec.run_folder import SavedRun, find_run, load_run

SCHEMA = "planrec.replay/1"
MAX_DIFFERENCES = 10


@dataclass(frozen=True)
class Replayed:
    """What was answered, and what is answered now."""

    logged: LoggedDecision
    saved: SavedRun
    request: Request
    body: bytes
    "The answer computed now."
    compared: Answer
    "The answer computed now with every plan of the menu, however many the request asked for."

    @property
    def is_equal(self) -> bool:
        """Whether every byte is the same."""
        return self.body == self.logged.answer.encode()

    @property
    def differences(self) -> list[str]:
        """The first places where the answers differ; none where they are equal."""
        if self.is_equal:
            return []
        found = _differences(json.loads(self.logged.answer), json.loads(self.body), "")
        return list(islice(found, MAX_DIFFERENCES)) or ["only in spelling: the order of keys, or spaces"]


def as_json(replayed: Replayed) -> str:
    """Return the answer as JSON: when and by which run it was given, its request, and what differs now."""
    kept = replayed.logged
    parsed = {"request": json.loads(kept.request), "answer": json.loads(kept.answer)}
    content = {
        "schema": SCHEMA,
        "is_equal": replayed.is_equal,
        "differences": replayed.differences,
        "folder": str(replayed.saved.folder),
        "logged": kept._asdict() | parsed,
        "computed": json.loads(replayed.body),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def replay(logged: LoggedDecision, outputs: Path) -> Replayed:
    """Ask the run that answered again; it need not be pinned any more.

    Raises:
        RunError: the run is not below `outputs`, or was changed.
        LogError: the run's plans are not those that the answer was computed with.
    """
    saved = load_run(find_run(outputs, logged.run_id, logged.run_sha256))
    _check_catalogue(logged, saved)
    request = read_request(json.loads(logged.request))
    return Replayed(
        logged,
        saved,
        request,
        body=encoded(_answer(logged, saved, request)),
        compared=_answer(logged, saved, structs.replace(request, top_k=None)),
    )


def _answer(logged: LoggedDecision, saved: SavedRun, request: Request) -> Answer:
    # The name that it answered by: a run that was moved since keeps the one in its run.json.
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    language = cast(Language, logged.language)
    return answers_of(saved.recommender, {logged.recommendation_id: request}, model, language)[0]


def _check_catalogue(logged: LoggedDecision, saved: SavedRun) -> None:
    catalogue = saved.recommender.catalogue
    here = None if catalogue is None else catalogue.sha256
    if here != logged.catalogue_sha256:
        raise LogError(
            f"{logged.recommendation_id} was answered with the catalogue {logged.catalogue_id}"
            f" {logged.catalogue_version}, sha256 {logged.catalogue_sha256}, and {saved.folder} has"
            f" {'none' if here is None else f'one with sha256 {here}'}"
        )


def _differences(logged: Any, now: Any, place: str) -> Iterator[str]:
    """One line for each value that differs, by JSON pointer."""
    if isinstance(logged, dict) and isinstance(now, dict):
        for key in [*logged, *(key for key in now if key not in logged)]:
            yield from _differences(logged.get(key, "-"), now.get(key, "-"), f"{place}/{key}")
    elif isinstance(logged, list) and isinstance(now, list) and len(logged) == len(now):
        for position, (before, after) in enumerate(zip(logged, now, strict=True)):
            yield from _differences(before, after, f"{place}/{position}")
    elif repr(logged) != repr(now):
        yield f"{place or '/'}: logged {_short(logged)}, now {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]} ..."
