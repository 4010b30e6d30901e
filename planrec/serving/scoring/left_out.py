"""Subscribers who are left out of a scored file, because one of their rows breaks a rule."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.reading.bad_rows import BadRows, BrokenRules
from planrec.data.reading.input_file import POSITION, InputFile
from planrec.serving.scoring.part_columns import PartColumns, subscribers
from planrec.serving.scoring.scorer import Scorer


@dataclass
class LeftOut:
    """Removes the subscribers of bad rows from the parts of a file, and remembers the rules."""

    scorer: Scorer
    file: InputFile
    rules: BrokenRules = field(default_factory=BrokenRules)
    count: int = 0
    "Subscribers that were removed; rows without a subscriber count as one each."

    def sound_rows(self, part: pa.Table) -> pa.Table:
        """Return the rows of the subscribers without a bad row."""
        bad = BrokenRules(keeps_all=True)
        noted = self.scorer.reading_notes()
        self.scorer.reader.table(PartColumns(part, bad, self.file.part_reading, noted))
        if not bad:
            return part
        self.rules.absorb(bad)
        is_bad = pa.array(np.isin(part[POSITION].to_numpy(), bad.positions))
        name = self.scorer.reader.column("subscriber")
        if name not in part.column_names:
            self.count += pc.sum(is_bad).as_py()
            return part.filter(pc.invert(is_bad))
        ids = subscribers(part, name).combine_chunks()
        found = ids.filter(is_bad)
        self.count += len(found.drop_null().unique()) + found.null_count
        is_refused = pc.or_(is_bad, pc.is_in(ids, value_set=found.drop_null().unique()))
        return part.filter(pc.invert(is_refused))

    def bad_rows(self) -> tuple[BadRows, ...]:
        """List the rows of every broken rule, with the first places."""
        return tuple(self.rules.bad_rows(self.file.places))
