"""Types of the options that several sources have; importing this module loads no reader."""

from typing import Annotated, Literal

from pydantic import Field

Name = Annotated[str, Field(min_length=1)]
PlanInFile = Annotated[str, Field(coerce_numbers_to_str=True)]
Year = Annotated[int, Field(ge=1900, le=2200)]

OnBadRows = Literal["error", "drop_and_report"]
"Values of `data.on_bad_rows`: stop, or leave bad rows out and list them in the run folder."
