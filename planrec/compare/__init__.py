"""`python -m planrec.compare A B`: where two runs differ, by how much, and on which segments."""

import argparse
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planrec.verb import tells_mistakes

if TYPE_CHECKING:
    from planrec.compare.comparison import Comparison
    from planrec.metrics import Estimate

SCHEMA = "planrec.compare.comparison/1"


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 where a run cannot be read, 2 a wrong option."""
    parser = _parser()
    options = parser.parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.atomic_file import write_atomically
    from planrec.compare.comparison import compare
    from planrec.compare.screen import print_comparison
    from planrec.run_folder import read_manifest

    if options.b is None:
        read_manifest(options.a)  # says what to name instead of a sweep
        parser.error("B is missing: the folder of the run to compare with")
    comparison = compare(options.a, options.b, options.metric)
    print_comparison(comparison)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(options.json, as_json(comparison).encode())
        print(f"wrote {options.json}")
    return 0


def as_json(comparison: "Comparison") -> str:
    """The comparison as JSON; differences are B less A, NaN is null."""
    import json

    runs = {"a": comparison.first, "b": comparison.second}
    content = {
        "schema": SCHEMA,
        "config": [asdict(change) for change in comparison.config],
        "versions": [asdict(change) for change in comparison.versions],
        "not_paired": comparison.not_paired or None,
        "metric": comparison.metric,
        "metrics": [
            {
                "metric": pair.name,
                "a": _numbers(pair.first),
                "b": _numbers(pair.second),
                "difference": _numbers(pair.difference),
            }
            for pair in comparison.metrics
        ],
        "segments": [
            asdict(part) | {"difference": _numbers(part.difference)} for part in comparison.segments
        ],
        "verdict": comparison.verdict,
        "paths": {
            name: {"run_id": run.manifest.run_id, "folder": str(run.folder)} for name, run in runs.items()
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _numbers(value: "Estimate | None") -> dict[str, Any] | None:
    if value is None:
        return None
    return {name: None if isnan(number) else number for name, number in asdict(value).items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m planrec.compare", description="Say where two runs differ, and by how much."
    )
    parser.add_argument("a", type=Path, metavar="A", help="folder of a complete run")
    parser.add_argument("b", type=Path, nargs="?", metavar="B", help="folder of another one")
    parser.add_argument("--metric", help="decides, and is shown by segment; A's first metric if not given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")
    return parser
