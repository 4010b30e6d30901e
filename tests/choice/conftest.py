"""A choice model, trained once on drawn choices."""

import pytest

from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.choice.choices import choices_file
from tests.quick_configs import composed


@pytest.fixture(scope="session")
def trained_choices(tmp_path_factory):
    """Train on 200 drawn choices of 100 people, and save the run."""
    folder = tmp_path_factory.mktemp("choice")
    config = composed(*choices_file(folder), "data.subscriber_column=person", "model.price=cost")
    result = run(config)
    begin_run(folder / "run", config, "planrec train")
    save_run(result, folder / "run", "planrec train")
    return result, folder / "run"
