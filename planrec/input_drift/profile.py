"""The reference profile of a run: training makes it, monitoring only compares with it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from planrec.errors import RunError
from planrec.files.validation_errors import problems_of
from planrec.input_drift.column_profile import ColumnProfile, profile_of_column
from planrec.input_drift.watched import ADVICE
from planrec.schema.config_model import Config


class Profile(Config):
    """The columns of a run's training decisions as counts, about one kilobyte of JSON; it has no rows."""

    schema_: Annotated[Literal["planrec.profile/1"], Field(alias="schema")]
    catalogue_sha256: str | None
    "Hash of the catalogue of the plans held and advised; None without a catalogue."
    plans: tuple[str, ...]
    columns: tuple[ColumnProfile, ...]

    def without_advice(self, plans: Sequence[str], catalogue_sha256: str | None) -> "Profile":
        """Return the profile of the same inputs for other plans, whose advice was never counted."""
        inputs = [column for column in self.columns if column.name not in ADVICE]
        changed = {"plans": tuple(plans), "catalogue_sha256": catalogue_sha256, "columns": tuple(inputs)}
        return self.model_copy(update=changed)

    @property
    def json_bytes(self) -> bytes:
        """The content of profile.json."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True).encode()


def profile_of(
    columns: Mapping[str, np.ndarray], plans: Sequence[str], catalogue_sha256: str | None
) -> Profile:
    """Count the columns of training decisions.

    Args:
        columns: name -> values, float64, datetime64 or object; see `watched_columns`. Columns may differ in
            length: the advice is that of the out-of-fold decisions.
        plans: ids of the plans of the run.
        catalogue_sha256: hash of its catalogue.
    """
    return Profile.model_validate(
        {
            "schema": "planrec.profile/1",
            "catalogue_sha256": catalogue_sha256,
            "plans": tuple(plans),
            "columns": tuple(profile_of_column(name, values) for name, values in columns.items()),
        }
    )


def read_profile_json(content: bytes, place: str) -> Profile:
    """Read the content of a profile.json, which messages call `place`. Raises RunError with every problem."""
    try:
        return Profile.model_validate_json(content)
    except ValidationError as error:
        raise RunError(f"{place} holds no reference profile of this version", problems_of(error)) from error
