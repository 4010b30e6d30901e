"""The form of POST /campaigns: files, and settings as JSON."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from pydantic import ValidationError

from planrec.campaigns.settings import CampaignSettings
from planrec.errors import Misfit

from ..http_request import HttpRequest
from ..parsing.request_body import misfits_of, values_refused
from .form_parts import FormParts
from .job_folder import HISTORY, MONTHS, OBJECTIONS
from .job_store import Upload

MULTIPART = "multipart/form-data"
SETTINGS = "settings"
FILES = (MONTHS, OBJECTIONS, HISTORY)
MOST_NAME = 255


@asynccontextmanager
async def upload_of(request: HttpRequest) -> AsyncIterator[Upload]:
    """Read and check the form of a request; its temporary files exist until the block ends.

    Raises:
        HTTPException: 400 or 415, if the body is not such a form; 503, if there is no room for the files.
        RequestError: a part is missing or unknown, or the settings break a rule: lists all.
    """
    form = FormParts()
    try:
        await _read(form, request)
        yield _checked(form.by_name)
    finally:
        await form.close()


async def _read(form: FormParts, request: HttpRequest) -> None:
    try:
        await form.read(request)
    except OSError:
        raise HTTPException(
            status_code=503, detail="the server has no room for the files: try again later"
        ) from None


def _checked(parts: Mapping[str, list[str | UploadFile]]) -> Upload:
    text = parts.get(SETTINGS, ["{}"])[0]
    misfits = [*_part_misfits(parts), *_settings_misfits(text, [name for name in FILES if name in parts])]
    if misfits:
        raise values_refused(misfits)
    files = {name: cast(UploadFile, parts[name][0]) for name in FILES if name in parts}
    contents = {name: cast(BinaryIO, file.file) for name, file in files.items()}
    name = "".join(letter for letter in files[MONTHS].filename if letter.isprintable())[:MOST_NAME]
    return Upload(contents, str(text).encode(), name)


def _part_misfits(parts: Mapping[str, list[str | UploadFile]]) -> list[Misfit]:
    found = []
    for name, given in parts.items():
        if name not in (*FILES, SETTINGS):
            found.append(Misfit(0, f"/{name}", "no such key"))
        elif len(given) > 1:
            found.append(Misfit(0, f"/{name}", "must be given once"))
        elif isinstance(given[0], UploadFile) != (name in FILES):
            kind = "must be a file" if name in FILES else "must be JSON text and not a file"
            found.append(Misfit(0, f"/{name}", kind))
    return [*found, *([] if MONTHS in parts else [Misfit(0, f"/{MONTHS}", "must be given and is missing")])]


def _settings_misfits(text: object, uploaded: list[str]) -> list[Misfit]:
    """Check the settings with the files that come with them; the paths of a campaign.yaml are refused."""
    if not isinstance(text, str):
        return []
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return [Misfit(0, f"/{SETTINGS}", "must be a JSON object with the settings of the campaign")]
    paths = [name for name in (OBJECTIONS, HISTORY) if name in content]
    rule = "must be sent as a file, beside the settings"
    found = [Misfit(0, f"/{SETTINGS}/{name}", rule) for name in paths]
    files = {name: name for name in (OBJECTIONS, HISTORY) if name in uploaded}
    try:
        CampaignSettings.model_validate({**content, **files})
    except ValidationError as error:
        found += [each._replace(pointer=f"/{SETTINGS}{each.pointer}") for each in misfits_of(error)]
    return found
