"""The registry of MLflow follows the pin: its alias `champion` names the version of the pinned run."""

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from planrec.errors import RunError
from planrec.files.hashing import sha256_of
from planrec.serving.pin import read_pin
from planrec.tracking.neutral_run import neutral_copy
from planrec.tracking.run_copy import SHA256, CopiedRun, copy_run, run_json_of
from planrec.tracking.tracking_store import TrackingStore

ALIAS = "champion"
LOADER = "planrec.tracking.pyfunc_loader"
FOLDER = "model"
"Of the model among the artifacts of the copied run."


@dataclass(frozen=True)
class Registered:
    """The pinned run in the registry."""

    run: str
    version: str
    "Version of the registered model."
    copied: CopiedRun


def follow_pin(store: TrackingStore, outputs: Path) -> Registered:
    """Copy and register the pinned run unless it is there, then let the alias name it.

    The API reads pinned.json and never MLflow, so a registry that is behind changes no answer.

    Raises:
        RunError: no run is pinned, or it was changed after it was pinned.
    """
    pin = read_pin(outputs)
    folder = outputs / pin.run
    if sha256_of(run_json_of(folder)) != pin.run_json_sha256:
        raise RunError(f"{folder / 'run.json'} was changed after it was pinned")
    copied = copy_run(store, folder)
    number = _version_of(store, copied) or _register(store, copied, folder)
    aliases = store.client.get_registered_model(store.name).aliases
    if str(aliases.get(ALIAS)) != number:
        store.client.set_registered_model_alias(store.name, ALIAS, number)
    return Registered(pin.run, number, copied)


def _version_of(store: TrackingStore, copied: CopiedRun) -> str | None:
    found = store.client.search_model_versions(f"name = '{store.name}'")
    versions = [each for each in found if each.tags.get(SHA256) == copied.sha256]
    return str(versions[0].version) if versions else None


def _register(store: TrackingStore, copied: CopiedRun, folder: Path) -> str:
    """Write the model beside the copied run, then register it: a version never names half a model."""
    with warnings.catch_warnings():
        # About type hints of its own.
        warnings.simplefilter("ignore", UserWarning)
        import mlflow.pyfunc

    client = store.client
    with TemporaryDirectory() as temporary:
        run, model = Path(temporary) / "run", Path(temporary) / FOLDER
        run.mkdir()
        neutral_copy(run_json_of(folder), folder, run)
        requirements = [f"planrec=={version('planrec')}", f"mlflow-skinny=={version('mlflow-skinny')}"]
        mlflow.pyfunc.save_model(
            str(model), loader_module=LOADER, data_path=str(run), pip_requirements=requirements
        )
        client.log_artifacts(copied.tracked_id, str(model), FOLDER)
    if not client.search_registered_models(f"name = '{store.name}'"):
        client.create_registered_model(store.name)
    uri = client.get_run(copied.tracked_id).info.artifact_uri
    tags = {SHA256: copied.sha256, "planrec.run_id": copied.run_id}
    created = client.create_model_version(store.name, f"{uri}/{FOLDER}", run_id=copied.tracked_id, tags=tags)
    return str(created.version)
