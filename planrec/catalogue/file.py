"""`catalogue=file catalogue.path=FILE`: an operator's own plans."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from planrec.catalogue.plans import Catalogue
from planrec.catalogue.yaml_file import read_model
from planrec.errors import CatalogueError
from planrec.files.input_path import find_input
from planrec.schema.config_model import Config


class CatalogueFile(Config, populate_by_name=True, serialize_by_alias=True):
    """The catalogue in a YAML file. A run stores its content, so the file may change or go away later."""

    schema_: Annotated[Literal["file"], Field(alias="schema")]
    path: Annotated[str, Field(min_length=1)]
    "A path as given, or relative to the folder in PLANREC_DATA."

    def open(self) -> Catalogue:
        """Read and check the file once, so that one run never sees two versions of it.

        Raises:
            CatalogueError: there is no such file, or its content is not a catalogue; lists every problem.
        """
        return self._catalogue

    @cached_property
    def _catalogue(self) -> Catalogue:
        return read_model(find_input("catalogue.path", self.path, CatalogueError), Catalogue)
