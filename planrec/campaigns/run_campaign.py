"""Score a months file and decide whom to contact."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from planrec.campaigns.campaign_notes import notes_about_files, notes_about_quiet_hours
from planrec.campaigns.contact_files import (
    check_subscriber_column,
    columns_of_subscribers,
    read_contacts,
    read_objections,
    short_sentence,
)
from planrec.campaigns.contact_rules import ContactRules, ScoredSubscribers, codes_of
from planrec.campaigns.messages import Messages
from planrec.campaigns.settings import CampaignSettings
from planrec.campaigns.summary import CampaignOutcome, CampaignSummary, FileUse, Refused, ScoredMoney
from planrec.data.reading.input_file import Progress
from planrec.errors import ConfigError
from planrec.files.input_path import find_input
from planrec.runs.read import SavedRun
from planrec.sentences import Language
from planrec.serving.scoring.advice_columns import SAVINGS, SUBSCRIBER_REF
from planrec.serving.scoring.output import output_file
from planrec.serving.scoring.score_file import Scored, score_file
from planrec.serving.scoring.scorer import Scorer

TEXTS = (SUBSCRIBER_REF, "decision", "plan", "plan_name", "plan_held_name", "sentence_short")
AMOUNTS = ("saving", SAVINGS[0], SAVINGS[2], "bill", "bill_held")
COLUMNS = pa.schema(
    [
        ("segment", pa.string()),
        ("channel", pa.string()),
        ("contact", pa.bool_()),
        ("codes", pa.string()),
        ("message", pa.string()),
    ]
)
"Columns of the output after those of the advice."
SCORING = 0.9
"Share of the progress that scoring takes."


@dataclass(frozen=True)
class Finished:
    """A campaign whose output is written."""

    summary: CampaignSummary
    scored: Scored


@dataclass(frozen=True)
class Campaign:
    """One campaign: a run, a months file and the settings."""

    saved: SavedRun
    months: Path
    settings: CampaignSettings
    overrides: tuple[str, ...] = ()
    "How the cells of the months file are read; see `changed_cells`."

    def write(self, output: Path, progress: Progress) -> Finished:
        """Write the advice of every subscriber with the contact decision; `output` is replaced when complete.

        Args:
            output: .csv or .parquet.
            progress: called with the share that is done.

        Raises:
            ConfigError: the run computes no bills, or the settings name a file or column that is missing.
            DataError: a file cannot be read or has bad rows.
        """
        rules = self._rules()
        scorer = Scorer(self.saved, self.settings.language, has_reasons=True, overrides=self.overrides)
        check_subscriber_column(scorer, self.months, self._columns)
        with TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as folder:
            advice = Path(folder) / "advice.parquet"
            scored = score_file(
                scorer,
                self.months,
                advice,
                lambda share: progress(SCORING * share),
                on_bad_rows=self.settings.on_bad_rows,
            )
            table = pq.read_table(advice, columns=[*TEXTS, *AMOUNTS])
            outcome, messages = self._outcome(table, scorer, rules)
            added = self._added(outcome, messages)
            with output_file(output, _joined(pq.read_schema(advice))) as writer:
                for part in _parts(advice, added):
                    writer.write_table(part)
        progress(1.0)
        return Finished(self._summary(outcome, messages, rules, scored), scored)

    @property
    def _columns(self) -> list[str]:
        named = (self.settings.segment_column, self.settings.channel_column)
        return [name for name in named if name is not None]

    def _rules(self) -> ContactRules:
        """Read the files of the settings before the long work begins."""
        settings = self.settings
        if self.saved.recommender.catalogue is None or not self.saved.recommender.inputs.asks_held:
            raise ConfigError(
                "a campaign needs the saving of each advice, and this run computes no bills: choose one that"
                f" was trained with target=best_bill, got {self.saved.run_id}"
            )
        objections, history = (
            None if file is None else find_input(option, file, ConfigError)
            for option, file in (
                ("do_not_contact", settings.do_not_contact),
                ("contact_history", settings.contact_history),
            )
        )
        return ContactRules(
            settings,
            settings.moment(),
            frozenset() if objections is None else read_objections(objections),
            None if history is None else read_contacts(history, settings.time_zone),
        )

    def _outcome(
        self, table: pa.Table, scorer: Scorer, rules: ContactRules
    ) -> tuple[CampaignOutcome, Messages]:
        names = table[SUBSCRIBER_REF].to_pylist()
        columns = self._columns
        cells = columns_of_subscribers(scorer, self.months, columns, names) if columns else {}
        texts = {name: np.array(table[name].to_pylist(), object) for name in TEXTS}
        amounts = {name: table[name].cast(pa.float64()).to_numpy() for name in AMOUNTS}
        rows = ScoredSubscribers(
            np.array([name.strip() for name in names], object),
            texts["decision"],
            texts["plan"],
            texts["plan_name"],
            amounts["saving"],
            self._channel(cells, len(names)),
        )
        messages = Messages.of(self.settings, scorer, texts, amounts)
        money = ScoredMoney(self.saved.recommender.horizon, *(amounts[name] for name in AMOUNTS))
        segment = cells.get(self.settings.segment_column or "")
        return CampaignOutcome(rows, money, segment, rules.masks(rows, messages.are_too_long)), messages

    def _channel(self, cells: dict[str, np.ndarray], n: int) -> np.ndarray:
        found = cells.get(self.settings.channel_column or "", np.full(n, None, object))
        return np.array([self.settings.channel if name is None else name for name in found], object)

    def _added(self, outcome: CampaignOutcome, messages: Messages) -> pa.Table:
        """Return the columns after those of the advice."""
        reached, n = outcome.is_contacted, len(outcome.is_contacted)
        segment = np.full(n, None, object) if outcome.segment is None else outcome.segment
        texts = [text if is_sent else None for text, is_sent in zip(messages.texts, reached, strict=True)]
        columns = (segment, outcome.rows.channel, reached, codes_of(dict(outcome.masks)), texts)
        arrays = [pa.array(cells, kind.type) for cells, kind in zip(columns, COLUMNS, strict=True)]
        return pa.Table.from_arrays(arrays, schema=COLUMNS)

    def _summary(
        self, outcome: CampaignOutcome, messages: Messages, rules: ContactRules, scored: Scored
    ) -> CampaignSummary:
        catalogue, known = self.saved.recommender.catalogue, outcome.rows.row_of
        first = np.flatnonzero(outcome.is_contacted)[:1].tolist()
        objected = None if self.settings.do_not_contact is None else rules.objected
        contacted = None if rules.contacts is None else rules.contacts.subscriber.tolist()
        objections, history = _use(objected, known), _use(contacted, known)
        return CampaignSummary(
            currency="" if catalogue is None else catalogue.currency,
            figures=outcome.figures(),
            preview=messages.preview(first[0], self._other_sentences(outcome, first[0])) if first else {},
            do_not_contact=objections,
            contact_history=history,
            refused_subscribers=scored.n_refused,
            refused=tuple(Refused(str(rows), rows.count) for rows in scored.refused),
            notes=(
                *scored.notes,
                *notes_about_files(objections, history),
                *notes_about_quiet_hours(self.settings, outcome.rows.channel),
            ),
        )

    def _other_sentences(self, outcome: CampaignOutcome, row: int) -> dict[Language, str]:
        """Return the short sentence of a subscriber in the languages without an own text."""
        settings = self.settings
        others = {*get_args(Language)} - {settings.language, *settings.templates}
        scorers = {
            language: Scorer(self.saved, language, has_reasons=True, overrides=self.overrides)
            for language in others
        }
        name = outcome.rows.subscriber[row]
        return {each: short_sentence(scorer, self.months, name) for each, scorer in scorers.items()}


def _use(names: Iterable[str] | None, known: dict[str, int]) -> FileUse | None:
    if names is None:
        return None
    is_known = [name in known for name in names]
    return FileUse(len(is_known), sum(is_known))


def _joined(schema: pa.Schema) -> pa.Schema:
    return pa.schema([*schema, *COLUMNS])


def _parts(advice: Path, added: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows of the advice with the added columns."""
    start = 0
    with pq.ParquetFile(advice) as file:
        schema = _joined(file.schema_arrow)
        for batch in file.iter_batches():
            columns = [*batch.columns, *added.slice(start, len(batch)).columns]
            start += len(batch)
            yield pa.Table.from_arrays(columns, schema=schema)
