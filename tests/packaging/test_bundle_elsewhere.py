"""A bundle is pinned in another folder and in an environment of its own, with packages that pip installed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request
from planrec.serving.bundle.make_bundle import make_bundle
from planrec.serving.bundle.private_key import create_key
from tests.packaging.environments import build, own_variables, run_in

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

ANSWER = """
import json, sys
from pathlib import Path
from planrec.cli import main
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.schema.request import read_request
from planrec.serving.pin import load_pinned

assert main(["pin", sys.argv[1], "--outputs", "served"]) == 0
saved = load_pinned(Path("served"))
named = {str(n): read_request(r) for n, r in enumerate(saved.manifest.golden.requests)}
answers = answers_of(saved.recommender, named, ModelName("run", "version"))
probability = saved.recommender.recommend(saved.recommender.table(list(named.values())))[0].probability
found = {"answers": [encoded(answer).decode() for answer in answers], "probability": probability.tolist()}
Path("answers.json").write_text(json.dumps({"prefix": sys.prefix, "paths": sys.path, **found}))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new environment with the wheel, and with dependencies that pip installed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    wheel = build(folder, "--wheel")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "environment")], check=True)
    python = folder / "environment" / "bin" / "python"
    # Without an index, name a folder of wheels in PIP_FIND_LINKS and set PIP_NO_INDEX=1.
    command = [python, "-m", "pip", "install", "--quiet", f"planrec[bundle,serve] @ {wheel.as_uri()}"]
    done = subprocess.run(command, env=own_variables(), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot install the dependencies: {done.stderr.strip().splitlines()[-1]}")
    return python


@pytest.mark.parametrize("kind", ["bill_run", "row_run"])
def test_a_bundle_answers_its_golden_requests_in_an_environment_of_its_own(
    kind: str, elsewhere: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run, file, there = request.getfixturevalue(kind), tmp_path / "run.bundle", tmp_path / "there"
    create_key(tmp_path / "operator.key")
    key = make_bundle(run, file, tmp_path / "operator.key").public_key
    there.mkdir()
    access = {"PLANREC_ACCESS__BUNDLE_KEYS": key, "PLANREC_ACCESS__SIGNED_ONLY": "true"}
    done = run_in(there, elsewhere, "-c", ANSWER, str(file), **access)
    assert done.returncode == 0, done.stderr
    found = json.loads((there / "answers.json").read_text("utf-8"))
    assert found["prefix"] == str(elsewhere.parents[1]) != sys.prefix
    assert not [path for path in found["paths"] if path in sys.path and "site-packages" in path]
    saved = load_run(run)
    named = {str(n): read_request(r) for n, r in enumerate(saved.manifest.golden.requests)}
    here = [encoded(answer) for answer in answers_of(saved.recommender, named, ModelName("run", "version"))]
    assert list(map(advice, found["answers"])) == list(map(advice, here))
    if kind == "bill_run":
        assert found["answers"] == [answer.decode() for answer in here]
    golden = np.array(saved.manifest.golden.probability)
    np.testing.assert_allclose(found["probability"], golden, rtol=0, atol=1e-12)


def advice(answer: str | bytes) -> tuple[str, str]:
    read = json.loads(answer)
    return read["decision"], read["items"][0]["plan_id"]
