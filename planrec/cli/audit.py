"""Write the answers of some days, and the events of the log, to one archive.

The archive is a ZIP file that can be verified without the log: `planrec audit --check FILE`. With `--log`,
the log is verified too, and must contain the end of the archive.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.decision_log_options import add_days, add_optional_log, days_between, file_ending_in, log_url
from planrec.cli.shared_options import add_outputs
from planrec.wording import counted, visible

if TYPE_CHECKING:
    from planrec.serving.decision_log.log_tables import Place

EXAMPLE = "planrec audit --from 2026-03-01 --to 2026-03-31 --out march.zip"
MOST_PROBLEMS = 20
"Problems that are printed."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_days(parser)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--out", type=file_ending_in(".zip"), metavar="FILE.zip", help="archive to write, for its owner only"
    )
    action.add_argument("--check", type=Path, metavar="FILE", help="verify an archive")
    add_optional_log(parser, "decision log; with --check, verify that it contains the end of the archive")
    add_outputs(parser, "folder of pinned.json and of the default log")


def run(options: Namespace) -> int:
    """Write or check an archive."""
    return _write(options) if options.out is not None else _check(options)


def _write(options: Namespace) -> int:
    from planrec.serving.decision_log.audit_archive import write_archive

    days = days_between(options.first, options.last)
    sha256 = write_archive(
        log_url(options.log, options.outputs), days, options.out, options.outputs / "pinned.json"
    )
    print(f"wrote {options.out}, sha256 {sha256}, which the decision log has recorded")
    return 0


def _check(options: Namespace) -> int:
    from planrec.files.hashing import sha256_of_file
    from planrec.serving.decision_log.audit_archive import check_archive

    manifest, problems = check_archive(options.check)
    print(f"{options.check}, sha256 {sha256_of_file(options.check)}")
    print(visible(f"{manifest.days}, made {manifest.made_at} by {manifest.made_by}"))
    print(f"{counted(manifest.decisions, 'answer')}, positions {manifest.before.position + 1} to", end=" ")
    print(manifest.end.position)
    for row in manifest.advised:
        catalogue = row.catalogue_version or "-"
        print(visible(f"  {row.answers:,} x {row.arm}, by {row.run_id}, catalogue {catalogue}"))
    print(f"the archive ends at {manifest.end}")
    problems += _problems_of_log(manifest.end, options)
    for problem in problems[:MOST_PROBLEMS]:
        print(visible(f"  - {problem}"))
    print(f"FAILED: {counted(len(problems), 'problem')}" if problems else "verified")
    return 1 if problems else 0


def _problems_of_log(end: "Place", options: Namespace) -> list[str]:
    """Verify the log if it is named: it must contain the end of the archive."""
    from planrec.serving.decision_log.verification import verify

    if options.log is None:
        return []
    found = verify(log_url(options.log, options.outputs), {}, end)
    print(f"the log has {counted(found.decisions, 'answer')}, and ends at {found.end}")
    return [f"log: {problem}" for problem in found.problems]
