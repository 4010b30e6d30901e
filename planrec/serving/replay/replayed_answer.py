"""A logged answer, and the answer of the same run to the same request now."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from msgspec import structs
from msgspec.json import encode

from planrec.errors import LogError, RunError
from planrec.recommending.answer import Answer, Current, Item, ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.find import find_run
from planrec.runs.read import SavedRun, load_run
from planrec.schema.request import Request, read_request
from planrec.serving.decision_log import LoggedDecision, LoggedRun

SCHEMA = "planrec.replay/1"
LIST_SCHEMA = "planrec.replays/1"
MAX_DIFFERENCES = 10
NEW_FIELDS = ("fee", "extras")
"""Fields of plans that answers of earlier versions lack; those also list the items by rank."""
SPELLING = "only in the spelling of the JSON: the order of keys, or spaces"


@dataclass(frozen=True)
class Replayed:
    """An earlier answer and the answer computed now."""

    identity: tuple[tuple[str, str], ...]
    "Label and value of the lines that name the answer: its id, run, catalogue ..."
    earlier: dict[str, object]
    "The earlier answer and what was kept with it, for JSON."
    version: str
    "PlanRec version of the earlier answer."
    saved: SavedRun
    request: Request
    now: dict[str, object]
    "The answer computed now, for JSON."
    compared: Answer
    "The answer computed now with all plans on the menu: `top_k` of the request is ignored."
    differences: tuple[str, ...]
    "The first differences between the answers, one line each; none if they are equal."
    equal: str
    "The words for an answer that is the same now."

    @property
    def is_equal(self) -> bool:
        """Whether the two answers are the same."""
        return not self.differences


def as_json(found: Sequence[Replayed]) -> str:
    """Return answers as JSON: when and by which run they were given, their requests, and what differs now.

    One answer is an object; several are listed in the object `answers`.
    """
    contents = [_content(replayed) for replayed in found]
    content = contents[0] if len(contents) == 1 else {"schema": LIST_SCHEMA, "answers": contents}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _content(replayed: Replayed) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "is_equal": replayed.is_equal,
        "differences": list(replayed.differences),
        "folder": str(replayed.saved.folder),
        "logged": replayed.earlier,
        "computed": replayed.now,
    }


def replay(logged: LoggedDecision, outputs: Path) -> Replayed:
    """Compute a logged answer again with the run that gave it, which need not be pinned any more.

    Raises:
        RunError: the run is not below `outputs`, or it was changed.
        LogError: the catalogue of the run is not the one of the answer.
    """
    return replay_with(load_logged_run(logged.recommendation_id, logged.run, outputs), logged)


def replay_with(saved: SavedRun, logged: LoggedDecision) -> Replayed:
    """Compute a logged answer again with the loaded run that gave it."""
    request = read_request(json.loads(logged.request))
    answer, is_older = _answer(logged, saved, request), _is_older(logged.answer)
    body = encode(_as_before(answer)) if is_older else encoded(answer)
    is_equal, earlier = body == logged.answer.encode(), json.loads(logged.answer)
    return Replayed(
        identity=tuple(_identity(logged, saved)),
        earlier=logged._asdict() | {"request": json.loads(logged.request), "answer": earlier},
        version=logged.version,
        saved=saved,
        request=request,
        now=json.loads(encoded(answer)),
        compared=_answer(logged, saved, structs.replace(request, top_k=None)),
        differences=() if is_equal else tuple(differences(earlier, json.loads(body))) or (SPELLING,),
        equal="equal in every field of the earlier version" if is_older else "equal, byte for byte",
    )


def differences(earlier: object, now: object) -> Iterator[str]:
    """Yield the first differences of two JSON values, one line each."""
    yield from islice(_differences(earlier, now, ""), MAX_DIFFERENCES)


def run_lines(run: LoggedRun, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield label and value of the lines that name run and catalogue."""
    yield "run", f"{run.run_id} ({folder}), sha256 {run.run_sha256}"
    if run.catalogue_id is not None:
        yield "catalogue", f"{run.catalogue_id} {run.catalogue_version}, sha256 {run.catalogue_sha256}"


def _is_older(answer: str) -> bool:
    """Say if a version wrote the answer, which is JSON, that did not split bills yet."""
    return '"expected_bill":' in answer and '"extras":' not in answer


def _as_before(answer: Answer) -> dict[str, object]:
    """Return the content of an answer as earlier versions wrote it."""
    items = sorted(answer.items, key=lambda item: item.rank)
    current = answer.current and _without_new(answer.current)
    return structs.asdict(answer) | {"current": current, "items": [_without_new(item) for item in items]}


def _without_new(plan: Item | Current) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(plan).items() if name not in NEW_FIELDS}


def _identity(logged: LoggedDecision, saved: SavedRun) -> Iterator[tuple[str, str]]:
    yield "answer", logged.recommendation_id
    yield "given", f"{logged.time}, in {logged.latency_ms:g} ms, request {logged.request_id}"
    yield "subscriber", logged.subscriber or "not named in the request"
    yield from run_lines(logged.run, saved.folder)
    yield "done", f"{logged.arm}, by policy={logged.policy}, with probability {logged.propensity:g}"


def _answer(logged: LoggedDecision, saved: SavedRun, request: Request) -> Answer:
    # The name in run.json: a run that was moved since keeps it.
    model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
    return answers_of(saved.recommender, {logged.recommendation_id: request}, model, logged.language)[0]


def load_logged_run(name: str, run: LoggedRun, outputs: Path) -> SavedRun:
    """Load the run that gave an answer.

    Raises:
        RunError: the run is not below `outputs`, or it was changed.
        LogError: the catalogue of the run is not the one of the answer.
    """
    saved = load_run(find_run(outputs, run.run_id, run.run_sha256))
    # The run was hashed to find it, and read again to load it.
    if saved.sha256 != run.run_sha256:
        raise RunError(f"{saved.folder} was changed while it was read: run.json has sha256 {saved.sha256}")
    _check_catalogue(name, run, saved)
    return saved


def _check_catalogue(name: str, run: LoggedRun, saved: SavedRun) -> None:
    """Raise LogError if the catalogue of a run is not the one of the answer."""
    catalogue = saved.recommender.catalogue
    here = None if catalogue is None else catalogue.sha256
    if here != run.catalogue_sha256:
        raise LogError(
            f"{name} was answered with the catalogue {run.catalogue_id} {run.catalogue_version},"
            f" sha256 {run.catalogue_sha256}, but {saved.folder} has"
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
