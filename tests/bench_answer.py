"""`just bench answer`: from the bytes of a request to those of its answer, besides predicting."""

import json
import timeit
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, structs
from pydantic import BaseModel, ConfigDict, create_model

from api.parsing.request_body import parse_request
from api.parsing.request_model import request_from, request_model
from planrec.recommending.amounts import month_figures, plan_figures
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request
from tests.conftest import SMALL_BILLS
from tests.trained_runs import train_into

MODEL = ModelName("2030-01-31/12-00-00-abc123", "0.1.0")


def answer() -> list[str]:
    """Microseconds, the best of a few rounds over 20 requests of a default run."""
    with TemporaryDirectory() as folder:
        saved = load_run(train_into(Path(folder) / "run", "model=lgbm", "baselines=[]", small=SMALL_BILLS))
    recommender, golden = saved.recommender, saved.manifest.golden.requests
    model = request_model(recommender)
    bodies = [json.dumps(request).encode() for request in golden]
    requests = [read_request(request) for request in golden]
    checked = [model.model_validate_json(body) for body in bodies]
    tables = [recommender.table([request]) for request in requests]
    decided = [recommender.recommend(table) for table in tables]
    answers = [answers_of(recommender, {"id": request}, MODEL)[0] for request in requests]
    same = [as_pydantic(told) for told in answers]

    def reasons(row: int) -> Any:
        found = recommender.reasons(tables[row], "en")
        return [found.of_plan(0, plan) for plan in range(len(recommender.plans))]

    parts: dict[str, Callable[[int], Any]] = {
        "read and check the request": lambda row: parse_request(model, bodies[row]),
        "... Pydantic": lambda row: model.model_validate_json(bodies[row]),
        "... as a typed request": lambda row: request_from(checked[row]),
        "table": lambda row: recommender.table([requests[row]]),
        "recommend": lambda row: recommender.recommend(tables[row]),
        "reasons of every plan": reasons,
        "bills and savings of every plan": lambda row: plan_figures(
            tables[row], decided[row][0], recommender.catalogue
        ),
        "usage": lambda row: month_figures(tables[row]),
        "table, recommend and the whole answer": lambda row: answers_of(
            recommender, {"id": requests[row]}, MODEL
        ),
        "write it": lambda row: encoded(answers[row]),
        "copy all its structs": lambda row: copied(answers[row]),
        "the same as Pydantic models: make": lambda row: as_pydantic(answers[row]),
        "the same as Pydantic models: write": lambda row: same[row].model_dump_json(),
    }
    return [f"{microseconds(part, len(requests)):8.1f} us  {name}" for name, part in parts.items()]


def microseconds(part: Callable[[int], Any], n_rows: int) -> float:
    """The best of five rounds; each call takes another row."""
    rows = cycle(range(n_rows))
    return min(timeit.repeat(lambda: part(next(rows)), number=10 * n_rows, repeat=5)) / (10 * n_rows) * 1e6


def copied(value: Any) -> Any:
    """A walk like `as_pydantic`, so that the two can be compared."""
    if isinstance(value, Struct):
        return type(value)(**{name: copied(inner) for name, inner in structs.asdict(value).items()})
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def as_pydantic(value: Any) -> Any:
    """The same content in frozen, closed Pydantic models."""
    if isinstance(value, Struct):
        fields = {name: as_pydantic(inner) for name, inner in structs.asdict(value).items()}
        return pydantic_of(type(value))(**fields)
    return [as_pydantic(inner) for inner in value] if isinstance(value, list) else value


def pydantic_of(struct: type[Struct]) -> type[BaseModel]:
    """A Pydantic model with the fields of a struct; made once."""
    if struct not in _MADE:
        fields: dict[str, Any] = {name: (_type_of(of), ...) for name, of in get_type_hints(struct).items()}
        _MADE[struct] = create_model(
            struct.__name__, __config__=ConfigDict(frozen=True, extra="forbid"), **fields
        )
    return _MADE[struct]


_MADE: dict[type[Struct], type[BaseModel]] = {}


def _type_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return pydantic_of(annotation)
    if get_origin(annotation) is list:
        return list[_type_of(get_args(annotation)[0])]  # type: ignore[misc]
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(_type_of(choice) for choice in get_args(annotation))]  # noqa: UP007
    return annotation
