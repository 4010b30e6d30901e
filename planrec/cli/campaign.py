"""Decide whom to contact with the advice for a file, and count the money that it moves.

The output has the rows of planrec score, and for each subscriber whether to contact them, the codes of the
rules against it, and the message. OUTPUT.manifest.json is written beside it, with the figures.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.error_reporting import if_interrupted
from planrec.cli.score import OVERRIDES, progress_of
from planrec.cli.shared_options import add_json, add_outputs, add_run, run_folder, show_table
from planrec.commands.advice import command_line

if TYPE_CHECKING:
    from planrec.campaigns.run_campaign import Campaign, Finished

EXAMPLE = "planrec campaign latest months.csv --campaign campaign.yaml"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser)
    own = "CSV, Parquet or .xlsx with the months of every subscriber, as for planrec score"
    parser.add_argument("input", type=Path, metavar="INPUT", help=own)
    parser.add_argument("overrides", nargs="*", default=[], metavar="OVERRIDE", help=OVERRIDES)
    settings = (
        "settings of the campaign; without it, all subscribers with advice to change plan are contacted"
    )
    parser.add_argument("--campaign", type=Path, metavar="FILE.yaml", help=settings)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("campaign.csv"),
        metavar="OUTPUT",
        help=".csv or .parquet, replaced when done; default: campaign.csv",
    )
    add_json(parser)
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Write the campaign and print its figures."""
    from planrec.campaigns.summary import as_json
    from planrec.campaigns.summary_terminal import summary_text
    from planrec.serving.scoring.advice_target import check_advice_target

    check_advice_target(options.output, options.input)
    with if_interrupted(f"{options.output} was not written"):
        finished = _finished(_campaign(options), options)
    summary = finished.summary
    for note in summary.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"wrote {options.output} and its manifest", file=sys.stderr)
    show_table(options, lambda: print(summary_text(summary)), lambda: as_json(summary).decode())
    return 0


def _campaign(options: Namespace) -> "Campaign":
    from planrec.campaigns.run_campaign import Campaign
    from planrec.campaigns.settings import CampaignSettings, read_settings
    from planrec.serving.pin import signed_run

    settings = CampaignSettings() if options.campaign is None else read_settings(options.campaign)
    saved = signed_run(run_folder(options.run, options), trusted_signers())
    return Campaign(saved, options.input, settings, tuple(options.overrides))


def _finished(campaign: "Campaign", options: Namespace) -> "Finished":
    from planrec.campaigns.campaign_manifest import write_campaign_manifest

    with progress_of(f"scoring {options.input.name}") as report:
        finished = campaign.write(options.output, report)
    words = ["campaign", options.run, options.input, *options.overrides]
    words += ["--campaign", options.campaign] if options.campaign is not None else []
    command = command_line(*words, "--output", options.output, outputs=options.outputs)
    write_campaign_manifest(campaign, finished, options.output, command)
    return finished
