"""A logged answer, and the answer of the same run to the same request now."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from msgspec import structs

from planrec.errors import LogError
from planrec.recommending.answer import Answer, ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.find import find_run
from planrec.runs.read import SavedRun, load_run
from planrec.schema.request import Request, read_request
from planrec.serving.decision_log import LoggedDecision

SCHEMA = "planrec.replay/1"
MAX_DIFFERENCES = 10


@dataclass(frozen=True)
class Replayed:
    """A logged answer and the answer computed now."""

    logged: LoggedDecision
    saved: SavedRun
    request: Request
    body: bytes
    "The answer computed now, as JSON."
    compared: Answer
    "The answer computed now with all plans on the menu: `top_k` of the request is ignored."

    @property
    def is_equal(self) -> bool:
        """Whether the two answers have the same bytes."""
        return self.body == self.logged.answer.encode()

    @property
    def differences(self) -> list[str]:
        """The first differences between the answers, one line each; none if they are equal."""
        if self.is_equal:
            return []
        found = _differences(json.loads(self.logged.answer), json.loads(self.body), "")
        spelling = "only in the spelling of the JSON: the order of keys, or spaces"
        return list(islice(found, MAX_DIFFERENCES)) or [spelling]


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
    """Compute a logged answer again with the run that gave it, which need not be pinned any more.

    Raises:
        RunError: the run is not below `outputs`, or it was changed.
        LogError: the catalogue of the run is not the one of the answer.
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
    # The name in run.json: a run that was moved since keeps it.
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    return answers_of(saved.recommender, {logged.recommendation_id: request}, model, logged.language)[0]


def _check_catalogue(logged: LoggedDecision, saved: SavedRun) -> None:
    catalogue = saved.recommender.catalogue
    here = None if catalogue is None else catalogue.sha256
    if here != logged.catalogue_sha256:
        raise LogError(
            f"{logged.recommendation_id} was answered with the catalogue {logged.catalogue_id}"
            f" {logged.catalogue_version}, sha256 {logged.catalogue_sha256}, but {saved.folder} has"
            f" {'none' if here is None else f'one with sha256 {here}'}"
        )


def _differences(logged: object, now: object, place: str) -> Iterator[str]:
    """Yield a line for each value that differs, by JSON pointer."""
    if isinstance(logged, dict) and isinstance(now, dict):
        for key in [*logged, *(key for key in now if key not in logged)]:
            yield from _differences(logged.get(key, "-"), now.get(key, "-"), f"{place}/{key}")
    elif isinstance(logged, list) and isinstance(now, list) and len(logged) == len(now):
        for position, (before, after) in enumerate(zip(logged, now, strict=True)):
            yield from _differences(before, after, f"{place}/{position}")
    elif repr(logged) != repr(now):
        yield f"{place or '/'}: logged {_shortened(logged)}, now {_shortened(now)}"


def _shortened(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]} ..."
