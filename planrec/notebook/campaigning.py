"""`pr.campaign`: whom to contact with the advice for a file, and the money that it moves."""

import warnings
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.campaigns.summary import CampaignSummary
from planrec.campaigns.summary_terminal import figure_lines
from planrec.cli.api_package import trusted_signers
from planrec.commands.advice import command_line
from planrec.files.outputs_folder import default_outputs
from planrec.notebook.progress import shown_share
from planrec.notebook.trained_run import TrainedRun, load
from planrec.reports.page.markup import bullets, escape_html

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("group", "name", "subscribers", "contacted", "saving", "saving_low", "saving_high"),
    "below_zero_at_p10",
)
"Of the table of a campaign."
MOST_LINES = 12
"Of the figures that are shown."


@dataclass(frozen=True, repr=False)
class WrittenCampaign:
    """A campaign whose file is written. A notebook shows its figures. `campaign` returns it."""

    file: Path
    summary: CampaignSummary
    "The figures, as FILE.manifest.json has them."

    def groups(self) -> "pd.DataFrame":
        """Return the subscribers and the yearly saving of each plan, tenth, segment and channel.

        Returns:
            Columns `group` (`plan`, `decile`, `segment` or `channel`), `name`, `subscribers`, `contacted`,
            `saving` of the contacted with its 95 % interval, and `below_zero_at_p10`, the share of them whose
            saving may be negative.
        """
        import pandas as pd

        figures = self.summary.figures
        groups = {
            "plan": figures.by_plan,
            "decile": figures.by_decile,
            "segment": figures.by_segment,
            "channel": figures.by_channel,
        }
        rows = [
            (group, part.name, part.subscribers, part.contacted, total.value, total.low, total.high, below)
            for group, parts in groups.items()
            for part in parts
            for total, below in [(part.saving, part.below_zero_at_p10)]
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        return "\n".join([str(self.file), *(f"  {line}" for line in self._lines)])

    def _repr_html_(self) -> str:
        return f"<p><code>{escape_html(self.file)}</code></p>\n{bullets(self._lines)}"

    @property
    def _lines(self) -> list[str]:
        return list(islice(figure_lines(self.summary), MOST_LINES))


def campaign(
    run: TrainedRun | str | Path,
    months: str | Path,
    *overrides: str,
    settings: str | Path | None = None,
    file: str | Path = "campaign.csv",
    outputs: str | Path | None = None,
) -> WrittenCampaign:
    """Decide whom to contact with the advice for a file, and count the money that it moves.

    Args:
        run: a run, its folder, the beginning of its id, or `latest`.
        months: CSV, Parquet or .xlsx file, as for `score`.
        overrides: how the cells of the months are read, such as `data.decimal=comma`.
        settings: a campaign.yaml; None: all subscribers with advice to change plan are contacted.
        file: .csv or .parquet file, replaced when done; FILE.manifest.json is beside it.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The file with its figures.

    Raises:
        ConfigError: the run computes no bills, a setting is wrong, or FILE has another ending.
        DataError: a file cannot be read or has bad rows.
    """
    from planrec.campaigns.campaign_manifest import write_campaign_manifest
    from planrec.campaigns.run_campaign import Campaign
    from planrec.campaigns.settings import CampaignSettings, read_settings
    from planrec.serving.pin import signed_run
    from planrec.serving.scoring.advice_target import check_advice_target

    place = default_outputs() if outputs is None else Path(outputs)
    source, target = Path(months), Path(file)
    check_advice_target(target, source)
    chosen = CampaignSettings() if settings is None else read_settings(Path(settings))
    saved = signed_run(load(run, outputs=place).folder, trusted_signers())
    planned = Campaign(saved, source, chosen, overrides)
    with shown_share(f"score {source.name}") as report:
        finished = planned.write(target, report)
    words = ["campaign", saved.folder, source, *overrides]
    words += [] if settings is None else ["--campaign", settings]
    write_campaign_manifest(
        planned, finished, target, command_line(*words, "--output", target, outputs=place)
    )
    for note in finished.summary.notes:
        warnings.warn(note, stacklevel=2)
    return WrittenCampaign(target, finished.summary)
