"""Rows of the decision log for a scored file: they are written once every row of the file is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import msgspec

from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.recommending.request_table import requests_of
from planrec.runs.read import SavedRun
from planrec.schema.request import fields_of, json_of
from planrec.sentences import Language
from planrec.serving.decision_log import LoggedAnswer, LoggedDecision, LoggedRun, record_event, write_rows
from planrec.serving.decision_log.logged_answer import row_of
from planrec.serving.scoring.advice_columns import RECOMMENDATION_ID, SUBSCRIBER_REF
from planrec.serving.scoring.scorer import Advice


@dataclass(frozen=True)
class AdviceLog:
    """A decision log, and the run that answers a file."""

    url: str
    "See `Store`."
    key: bytes
    saved: SavedRun
    language: Language

    @contextmanager
    def rows_beside(self, target: Path, file_id: str) -> Iterator["AdviceRows"]:
        """Gather the rows in an unnamed file in the folder of `target`; write them if nothing is raised.

        One event names the file: rows that the log has already are skipped.

        Raises:
            LogError: the log cannot be written.
        """
        with TemporaryFile(dir=target.parent) as file:
            rows = AdviceRows(self, file)
            yield rows
            write_rows(self.url, rows.read())
            content = {"file": target.name, "file_id": file_id, "run": self.saved.run_id}
            record_event(self.url, "score", content)


@dataclass(frozen=True)
class AdviceRows:
    """Rows that wait in a file: only its owner can read it, and no name leads to it."""

    log: AdviceLog
    file: BinaryIO

    def add(self, advice: Advice) -> None:
        """Add the answers to the decisions of a part; they are those of the API."""
        ids = advice.columns[RECOMMENDATION_ID].to_pylist()
        subscribers = advice.columns[SUBSCRIBER_REF].to_pylist()
        requests = dict(zip(ids, requests_of(advice.table), strict=True))
        saved = self.log.saved
        model = ModelName(saved.run_id, saved.manifest.versions["planrec"])
        answers = answers_of(saved.recommender, requests, model, self.log.language)
        fields = fields_of(saved.recommender.inputs)
        for subscriber, request, answer in zip(subscribers, requests.values(), answers, strict=True):
            name = answer.recommendation_id
            decision = LoggedAnswer(
                recommendation_id=name,
                request_id=name.partition("-")[0],
                subscriber=subscriber,
                request=json_of(request, fields),
                language=self.log.language,
                answer=encoded(answer),
                arm=answer.arm,
                latency_ms=0.0,
                run=self._run,
            )
            self.file.write(msgspec.json.encode(row_of(decision, self.log.key)) + b"\n")

    def read(self) -> Iterator[LoggedDecision]:
        """Yield the rows in their order."""
        self.file.seek(0)
        decoder = msgspec.json.Decoder(LoggedDecision)
        yield from map(decoder.decode, self.file)

    @cached_property
    def _run(self) -> LoggedRun:
        return LoggedRun.of(self.log.saved)
