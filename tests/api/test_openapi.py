"""The OpenAPI documents: names, keys, examples, and clients that generators make of the stable one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from msgspec import to_builtins

from api.openapi.problem_responses import DESCRIPTIONS, EXAMPLES
from api.problems import TYPES
from planrec.runs.read import load_run
from tests.api.conftest import KEY
from tests.conftest import REPOSITORY

DOCUMENTS = ("/schema/openapi.json", "/schema/openapi-stable.json")


@pytest.fixture(scope="module")
def saved(bill_run):
    return load_run(bill_run)


def operations(document):
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


@pytest.mark.parametrize("path", DOCUMENTS)
def test_operations_have_names_for_people(client, path):
    assert list(operations(client.get(path).json())) == [
        *("get_health", "get_ready", "get_metrics", "get_operate"),
        *("get_run", "get_run_schema", "get_catalogue"),
        *("predict", "preview", "predict_batch", "outcomes"),
        *(
            "start_campaign",
            "get_campaign",
            "delete_campaign",
            "get_campaign_advice",
            "get_campaign_manifest",
        ),
        *("get_runs", "get_compare_runs", "get_run_detail", "get_run_report", "get_run_card"),
        *("get_decisions", "get_replayed_decision"),
    ]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_problem_has_one_example_of_its_status(locked, path):
    found = operations(locked.get(path, headers={"X-API-Key": KEY}).json())
    assert {"400", "401", "409", "413", "415", "422", "500", "503"} < set(found["predict"]["responses"])
    for operation in found.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                content = response["content"]["application/problem+json"]
                assert set(content["examples"]["problem"]) == {"value"}
                problem = content["examples"]["problem"]["value"]
                assert (problem["status"], problem["type"]) == (int(status), TYPES[int(status)])


def test_the_examples_are_answers_of_the_server(client, locked, row_server, saved):
    good = saved.manifest.golden.requests[0]
    text, too_long = {"content-type": "text/plain"}, {"content-type": "application/json"}
    answers = [
        client.post("/predict", content="{", headers=too_long),
        locked.post("/predict", json=good),
        httpx.get(f"{row_server}/catalogue"),
        client.post("/predict", content=" " * 1_000_001, headers=too_long),
        client.post("/predict", content="x", headers=text),
        client.post("/predict", json=good | {"top_k": 0}),
    ]
    for answer in answers:
        example = EXAMPLES[answer.status_code]
        assert answer.json() | {"request_id": example.request_id} == to_builtins(example)
    assert [answer.status_code for answer in answers] == [400, 401, 404, 413, 415, 422]
    assert set(EXAMPLES) <= set(DESCRIPTIONS)


def test_the_stable_document_names_no_plan_and_always_the_keys(client, locked, saved):
    answer = client.get("/schema/openapi-stable.json")
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    document = answer.json()
    named = [plan for plan in saved.recommender.plans if f'"{plan}"' in answer.text]
    assert named == ["unlimited"], "also a word of catalogues, for an allowance"
    assert '"unlimited"' not in json.dumps(document["components"]["schemas"]["PredictRequest"])
    properties = document["components"]["schemas"]["PredictRequest"]["properties"]
    assert properties["exclude"]["items"] == {"type": "string"}
    assert "maxItems" not in properties["exclude"]
    for name in ("plan_held", "last_recommended"):
        assert properties[name]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "api_key"}
    assert document == locked.get("/schema/openapi-stable.json", headers={"X-API-Key": KEY}).json()
    assert locked.get("/schema/openapi-stable.json").status_code == 401


def test_the_run_s_own_document_still_lists_its_plans_and_lines(client, saved):
    document = client.get("/schema/openapi.json").json()
    properties = document["components"]["schemas"]["PredictRequest"]["properties"]
    assert properties["exclude"]["items"]["enum"] == list(saved.recommender.plans)
    assert "application/x-ndjson" in operations(document)["predict_batch"]["requestBody"]["content"]


PYTHON_CLIENT = """
import json
import sys

from planrec_client import Client
from planrec_client.api.advice import predict, predict_batch, preview
from planrec_client.models import Answer, PredictRequest, Problem

client = Client(base_url=sys.argv[1])
request = PredictRequest.from_dict(json.loads(sys.argv[2]))
one = predict.sync(client=client, body=request)
trial = preview.sync(client=client, body=request)
many = predict_batch.sync(client=client, body=[request, request])
assert all(isinstance(answer, Answer) for answer in [one, trial, *many])
request.top_k = 0
refused = predict.sync(client=client, body=request)
assert isinstance(refused, Problem)
print(json.dumps([answer.items[0].plan_id for answer in [one, trial, *many]]), refused.errors[0].pointer)
"""
PAGE = (REPOSITORY / "docs" / "how-to" / "generate-a-client.md").read_text("utf-8")


@pytest.mark.parametrize("server", ["bill_server", "row_server"])
def test_a_client_of_openapi_python_client_calls_predict_and_batch(server, request, tmp_path):
    pytest.importorskip("openapi_python_client", reason="install planrec[dev]")
    address = request.getfixturevalue(server)
    document = stable_document(address, tmp_path)
    generator = ["openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    made = run("-m", *generator, "--path", document, "--output-path", tmp_path / "planrec_client")
    assert "WARNING" not in made
    example, plan = example_and_plan(address)
    (tmp_path / "client.py").write_text(PYTHON_CLIENT, "utf-8")
    assert run(tmp_path / "client.py", address, example) == f"{json.dumps([plan] * 4)} /top_k\n"
    if server == "bill_server":
        [block] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
        printing = "print([type(one).__name__ for one in (answer, *answers)])\n"
        (tmp_path / "page.py").write_text(block.replace("http://127.0.0.1:8000", address) + printing, "utf-8")
        assert run(tmp_path / "page.py") == "['Answer', 'Answer']\n"


def test_a_client_of_openapi_typescript_calls_predict_and_batch(bill_server, tmp_path):
    missing = [name for name in ("node", "openapi-typescript", "tsc") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}; npm install openapi-typescript typescript")
    document = stable_document(bill_server, tmp_path)
    shutil.copy(Path(__file__).parent / "clients" / "client.ts", tmp_path)
    options = ["--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom"]
    run_program("openapi-typescript", document, "--output", tmp_path / "planrec.ts")
    run_program("tsc", *options, tmp_path / "client.ts")
    example, plan = example_and_plan(bill_server)
    assert json.loads(run_program("node", tmp_path / "client.js", bill_server, example)) == [plan] * 3


def stable_document(address, folder):
    """Save the stable document of a server; return the file."""
    file = folder / "openapi.json"
    file.write_bytes(httpx.get(f"{address}/schema/openapi-stable.json").content)
    return file


def example_and_plan(address):
    """Return a request that the server accepts, and the first plan of its answer."""
    request = httpx.get(f"{address}/run/schema").json()["examples"][0]
    answer = httpx.post(f"{address}/predict", json=request).json()
    return json.dumps(request), answer["items"][0]["plan_id"]


def run(*words):
    return run_program(sys.executable, *words)


def run_program(*words):
    """Run a program to its end; return what it printed, without colours."""
    variables = os.environ | {"NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [str(word) for word in words], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
