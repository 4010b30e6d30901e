"""The manifest beside the output of a campaign: inputs, settings, run and figures."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from planrec.campaigns.run_campaign import Campaign, Finished
from planrec.errors import ConfigError
from planrec.files.atomic_write import write_atomically
from planrec.files.input_path import find_input
from planrec.serving.decision_log import LoggedRun
from planrec.serving.scoring.advice_manifest import AdvisingRun, HashedFile, manifest_file

SCHEMA = "planrec.campaign_manifest/1"


def write_campaign_manifest(campaign: Campaign, finished: Finished, output: Path, command: str) -> Path:
    """Write the manifest of a campaign that was just written, and return its file."""
    settings = campaign.settings
    others = {
        option: HashedFile.of(find_input(option, file, ConfigError)).model_dump()
        for option in ("do_not_contact", "contact_history")
        if (file := getattr(settings, option)) is not None
    }
    content = {
        "schema": SCHEMA,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "file_id": finished.scored.file_id,
        "input": HashedFile.of(campaign.months, finished.scored.input_sha256).model_dump(),
        "overrides": campaign.overrides,
        **others,
        "output": HashedFile.of(output).model_dump(),
        "run": AdvisingRun.model_validate(LoggedRun.of(campaign.saved)._asdict()).model_dump(),
        "settings": settings.model_dump(mode="json"),
        "summary": msgspec.to_builtins(finished.summary),
    }
    file = manifest_file(output)
    write_atomically(file, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    return file
