"""The manifest beside a scored file: from which input, run and plans its advice was made."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError

from planrec.errors import DataError, RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.hashing import sha256_of_file
from planrec.files.json_file import read_object
from planrec.files.validation_errors import problems_of
from planrec.schema.config_model import Config
from planrec.sentences import Language
from planrec.serving.decision_log import LoggedRun
from planrec.serving.scoring.score_file import Scored
from planrec.serving.scoring.scorer import Scorer

SCHEMA = "planrec.advice_manifest/1"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class HashedFile(Config):
    """One file: its name without folder, and its content."""

    name: str
    bytes: int
    sha256: Sha256

    @classmethod
    def of(cls, file: Path, sha256: str | None = None) -> Self:
        """Describe a file; its hash is computed if it is not known."""
        sha256 = sha256 or sha256_of_file(file)
        return cls(name=file.name, bytes=file.stat().st_size, sha256=sha256)


class AdvisingRun(Config):
    """The run that advised, as in the decision log."""

    run_id: str
    run_sha256: Sha256
    version: str
    "PlanRec version that wrote the file."
    catalogue_id: str | None
    catalogue_version: str | None
    catalogue_sha256: Sha256 | None
    policy: str


class AdviceManifest(Config):
    """The content of `advice.csv.manifest.json`."""

    schema_: Annotated[Literal["planrec.advice_manifest/1"], Field(alias="schema")]
    written_at: str
    command: str
    file_id: str
    "Beginning of every recommendation_id of the file."
    input: HashedFile
    overrides: tuple[str, ...] = ()
    "How the cells of the input were read, if not as those of the run's data; see `changed_cells`."
    output: HashedFile
    run: AdvisingRun
    currency: str | None
    language: Language
    rows: int
    decisions: Mapping[str, int]
    "Decision -> number of rows."
    assumptions: Mapping[str, int] = {}
    "Code in `assumptions` -> number of rows; manifests of 0.2.0 and earlier have none."
    refused_rows: Literal[0]
    "A file with a row that breaks a rule is not scored at all."
    is_logged: bool
    "Whether every row is in the decision log too."
    notes: tuple[str, ...] = ()
    "How the input was read, if it could have been read in another way."


def manifest_file(output: Path) -> Path:
    """Return the place of the manifest of a scored file.

    >>> manifest_file(Path("spring/advice.csv")).name
    'advice.csv.manifest.json'
    """
    return output.with_name(f"{output.name}.manifest.json")


def write_manifest(
    output: Path, source: Path, scored: Scored, scorer: Scorer, command: str, *, is_logged: bool
) -> None:
    """Write the manifest of a file that was just scored."""
    saved = scorer.saved
    catalogue = saved.recommender.catalogue
    manifest = AdviceManifest.model_validate(
        {
            "schema": SCHEMA,
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command,
            "file_id": scored.file_id,
            "input": HashedFile.of(source, scored.input_sha256),
            "overrides": scorer.overrides,
            "output": HashedFile.of(output),
            "run": LoggedRun.of(saved)._asdict(),
            "currency": None if catalogue is None else catalogue.currency,
            "language": scorer.language,
            "rows": scored.rows,
            "decisions": dict(sorted(scored.decisions.items())),
            "assumptions": dict(sorted(scored.assumptions.items())),
            "refused_rows": 0,
            "is_logged": is_logged,
            "notes": scored.notes,
        }
    )
    content = manifest.model_dump(mode="json", by_alias=True)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(manifest_file(output), text.encode())


def read_manifest_of(output: Path) -> AdviceManifest:
    """Read the manifest of a scored file, and check that it is that of this file.

    Raises:
        DataError: there is no manifest, it is not one, or the file was changed after it was written.
    """
    file = manifest_file(output)
    if not output.is_file():
        raise DataError(f"no file {output}")
    if not file.is_file():
        raise DataError(f"no file {file}: planrec score writes it beside {output.name}; keep them together")
    try:
        manifest = AdviceManifest.model_validate(read_object(file))
    except RunError as error:
        raise DataError(error.message) from error
    except ValidationError as error:
        raise DataError(f"{file} is not the manifest of a scored file", problems_of(error)) from error
    check_content(output, manifest.output, "OUTPUT of the manifest")
    return manifest


def check_content(file: Path, expected: HashedFile, role: str) -> None:
    """Raise DataError if a file has another content than the manifest names."""
    try:
        found = sha256_of_file(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    if found != expected.sha256:
        raise DataError(
            f"{file} must be the {role}, {expected.name} with sha256 {expected.sha256}, got sha256 {found}"
        )
