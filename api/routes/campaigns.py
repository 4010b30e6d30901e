"""Campaigns: upload a months file, follow its scoring, and fetch the advice with the contact decisions."""

from anyio import to_thread
from litestar import HttpMethod, Response, delete, get, post, route
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import File

from planrec.files.hashing import sha256_of
from planrec.runs.read import SavedRun

from ..campaigns.job_folder import JobFolder
from ..campaigns.job_store import CampaignJob
from ..campaigns.other_origin import check_origin
from ..campaigns.upload_form import MULTIPART, upload_of
from ..http_request import HttpRequest
from ..middleware.api_keys import key_in
from ..openapi.problem_responses import problem_responses
from ..parsing.request_body import check_content_type
from ..problems import NotDoneError
from ..state import ServerState, state_of

JOB = ResponseSpec(data_container=CampaignJob, description="The job.", generate_examples=False)
CSV = ResponseSpec(data_container=str, description="A file.", media_type="text/csv", generate_examples=False)
MANIFEST = ResponseSpec(
    data_container=dict[str, object], description="The manifest of the file.", generate_examples=False
)


@post(
    "/campaigns",
    status_code=202,
    tags=["Campaigns"],
    operation_id="start_campaign",
    summary="Start a campaign",
    responses={202: JOB, **problem_responses(400, 403, 413, 415, 422, 429, 503)},
)
async def start_campaign(request: HttpRequest) -> Response[CampaignJob]:
    """Upload a months file with the settings of a campaign.

    A process of its own scores it with the served run. The rows are those of `planrec score`. Uploaded files
    are removed when the job ends.
    """
    check_origin(request)
    check_content_type(request, MULTIPART)
    state = state_of(request.app)
    owner, saved = owner_of(request), state.run.saved
    await to_thread.run_sync(state.campaigns.check_room, owner)
    with state.campaigns.uploading():
        return await _started(request, owner, saved)


@route(
    "/campaigns/{job_id:str}", http_method=[HttpMethod.OPTIONS], include_in_schema=False, sync_to_thread=False
)
def campaign_options() -> Response[None]:
    """Return the methods of a job; Litestar would name those of one of its handlers only."""
    return Response(None, status_code=204, headers={"allow": "DELETE, GET, OPTIONS"})


@get(
    "/campaigns/{job_id:str}",
    tags=["Campaigns"],
    operation_id="get_campaign",
    summary="Get the progress and the figures of a campaign",
    responses={200: JOB, **problem_responses(400, 404)},
)
async def get_campaign(request: HttpRequest, state: ServerState, job_id: FromPath[str]) -> CampaignJob:
    """Return the job. A job whose process was killed, or whose server was stopped, has failed."""
    return (await to_thread.run_sync(state.campaigns.find, job_id, owner_of(request)))[1]


@get(
    "/campaigns/{job_id:str}/advice.csv",
    tags=["Campaigns"],
    operation_id="get_campaign_advice",
    summary="Get the advice of a campaign",
    responses={200: CSV, **problem_responses(400, 404, 409)},
)
async def get_campaign_advice(request: HttpRequest, state: ServerState, job_id: FromPath[str]) -> File:
    """Return the rows of all subscribers with the contact decisions, as CSV."""
    folder = await _folder_of_advice(request, state, job_id)
    return File(folder.output, filename="campaign.csv", media_type="text/csv")


@get(
    "/campaigns/{job_id:str}/manifest",
    tags=["Campaigns"],
    operation_id="get_campaign_manifest",
    summary="Get the manifest of a campaign",
    responses={200: MANIFEST, **problem_responses(400, 404, 409)},
)
async def get_campaign_manifest(request: HttpRequest, state: ServerState, job_id: FromPath[str]) -> File:
    """Return run, settings, hashes and figures, as JSON."""
    folder = await _folder_of_advice(request, state, job_id)
    return File(folder.manifest, filename="campaign.csv.manifest.json", media_type="application/json")


@delete(
    "/campaigns/{job_id:str}",
    status_code=204,
    tags=["Campaigns"],
    operation_id="delete_campaign",
    summary="Cancel and remove a campaign",
    responses=problem_responses(400, 403, 404),
)
async def delete_campaign(request: HttpRequest, state: ServerState, job_id: FromPath[str]) -> None:
    """Stop the scoring, if it runs, and remove all files of the job."""
    check_origin(request)
    folder, _ = await to_thread.run_sync(state.campaigns.find, job_id, owner_of(request))
    await to_thread.run_sync(folder.remove)


def owner_of(request: HttpRequest) -> str:
    """Return the owner of the jobs of a request: the hash of its API key, or nothing without keys."""
    key = key_in(request.scope["headers"]) if state_of(request.app).requires_key else None
    return "" if key is None else sha256_of(key)


async def _started(request: HttpRequest, owner: str, saved: SavedRun) -> Response[CampaignJob]:
    state = state_of(request.app)
    async with upload_of(request) as upload:
        try:
            job = await to_thread.run_sync(state.campaigns.start, owner, saved, upload)
        except OSError:
            detail = "the server has no room for the files: try again later"
            raise HTTPException(status_code=503, detail=detail) from None
    return Response(job, status_code=202, headers={"location": f"{state.root_path}/campaigns/{job.id}"})


async def _folder_of_advice(request: HttpRequest, state: ServerState, job_id: str) -> JobFolder:
    """Return the folder of a job that is done. Raises HTTPException or NotDoneError."""
    folder, job = await to_thread.run_sync(state.campaigns.find, job_id, owner_of(request))
    if job.state != "done":
        raise NotDoneError(f"this campaign has no advice: its state is {job.state}")
    return folder
