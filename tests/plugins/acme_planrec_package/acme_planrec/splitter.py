"""A splitter: train on the past, test on the newest decisions."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from planrec.contracts import Fold, Splitter
from planrec.errors import DataError
from planrec.schema.tables import DecisionTable


class AcmeNewest(Splitter):
    """One fold that tests the decisions of the newest instant."""

    kind: Literal["acme_newest"]

    @property
    def keeps_subscribers_whole(self) -> bool:
        """False: a subscriber has decisions at several instants."""
        return False

    @property
    def needs_time(self) -> bool:
        """True."""
        return True

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield the fold.

        Raises:
            DataError: all decisions are of one instant.
        """
        assert table.as_of is not None
        is_newest = table.as_of == table.as_of.max()
        if is_newest.all():
            raise DataError(f"cv=acme_newest needs two instants, got one: {table.as_of.max()}")
        yield Fold(np.flatnonzero(~is_newest), np.flatnonzero(is_newest))
