"""The answers of the API equal `Recommender.recommend` on the same decisions."""

import json
from decimal import ROUND_HALF_UP, Decimal

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.parsing.request_model import request_from
from planrec.catalogue import MonthUsage, invoice
from planrec.catalogue.monthly_cost import savings
from planrec.cli import main
from planrec.config.compose import compose
from planrec.runs.read import load_run
from planrec.runs.write import begin_run, save_run
from planrec.schema.request import read_request
from planrec.training.experiment import run


@pytest.fixture(scope="module", params=["history_run", "row_run", "bill_run"])
def saved(request):
    return load_run(request.getfixturevalue(request.param))


@pytest.fixture
def body(saved):
    return json.loads(json.dumps(saved.manifest.golden.requests[0]))


def test_answers_equal_the_offline_recommendations(client, saved):
    golden = saved.manifest.golden
    for request, probability in zip(golden.requests, golden.probability, strict=True):
        answer = client.post("/predict", json=request)
        assert answer.status_code == 200, answer.text
        online = {item["plan_id"]: item["probability"] for item in answer.json()["items"]}
        menu = saved.recommender.table([read_request(request)]).menu[0]
        plans = zip(saved.manifest.plans, probability, menu, strict=True)
        offline = {plan: p for plan, p, is_offered in plans if is_offered}
        assert online == pytest.approx(offline, rel=0, abs=1e-12)


def test_ranks_after_the_first_one_follow_the_probability(client, saved):
    for request in saved.manifest.golden.requests:
        items = client.post("/predict", json=request).json()["items"]
        items.sort(key=lambda item: item["rank"])
        assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
        # The plan held stays first if the saving is too small to change.
        probabilities = [item["probability"] for item in items[1 if "plan_held" in request else 0 :]]
        assert probabilities == sorted(probabilities, reverse=True)


def test_every_answer_names_the_run_that_gave_it(client, body, saved):
    assert client.post("/predict", json=body).json()["model"]["run_id"] == saved.run_id


def test_an_unknown_field_is_refused_with_its_pointer(client, body):
    body["attributes"] = {**body["attributes"], "shoe/size": 43}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"pointer": "/attributes/shoe~1size", "detail": "no such key"}]


def test_all_errors_are_reported_at_once(client, saved):
    answer = client.post("/predict", json={"months": [], "attributes": {"x": 1}, "y": 2})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) >= 3


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 5_000, "application/json", 400),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b'"' + b"x" * 2_000_000 + b'"', "application/json", 413),
    ],
)
def test_an_unreadable_body_is_a_problem_and_no_server_failure(client, content, content_type, status):
    answer = client.post("/predict", content=content, headers={"content-type": content_type})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_an_unknown_path_is_a_problem(client):
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_health_names_the_run(client, saved):
    assert client.get("/health").json() == {"status": "ok", "run_id": saved.run_id}


def test_the_example_of_the_schema_is_accepted(client):
    schema = client.get("/run/schema").json()
    assert client.post("/predict", json=schema["examples"][0]).status_code == 200


def test_the_openapi_document_refers_to_no_other_host(client):
    document = client.get("/schema/openapi.json")
    assert document.status_code == 200
    assert "https://" not in document.text


def test_the_openapi_document_describes_the_requests_of_the_run(client, saved):
    """Check it twice, since Litestar caches its document."""
    for _ in range(2):
        document = client.get("/schema/openapi.json").json()
        body = document["paths"]["/predict"]["post"]["requestBody"]
        content = body["content"]["application/json"]
        request = resolved(content["schema"], document)
        attributes = resolved(request["properties"]["attributes"], document)
        columns = [column.name for column in saved.recommender.inputs.columns]
        assert body["required"]
        assert list(attributes.get("properties", {})) == columns
        assert ("months" in request["properties"]) == (saved.recommender.inputs.takes == "months")
        assert client.post("/predict", json=content["examples"]["of_this_run"]["value"]).status_code == 200
        for reference in references(document):
            assert resolved({"$ref": reference}, document)


def resolved(node, document):
    """Return the schema of a reference in the document."""
    if "$ref" not in node:
        return node
    found = document
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(found, document)


def references(node):
    """Return every `$ref` below a node."""
    if isinstance(node, list):
        return [reference for item in node for reference in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if "$ref" in node else []
    return own + references(list(node.values()))


def test_health_accepts_head(client):
    answer = client.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("port", ["99999", "-1", "65536", "eighty", "8_0", "٣"])
def test_a_port_that_is_not_a_port_number_is_refused(port, capsys):
    assert main(["serve", f"--port={port}"]) == 2
    assert "must be a whole number from 0 to 65535" in capsys.readouterr().err


@pytest.fixture(scope="module")
def history_client(history_run):
    with TestClient(create_app(load_run(history_run))) as client:
        yield client


@pytest.fixture
def month(history_run):
    return load_run(history_run).manifest.golden.requests[0]["months"][0]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"data_mib": -1}, "/months/0/data_mib"),
        ({"data_mib": 1e10}, "/months/0/data_mib"),
        ({"data_mib": "5"}, "/months/0/data_mib"),
        ({"data_mib": True}, "/months/0/data_mib"),
        ({"data_mib": None}, "/months/0/data_mib"),
        ({"month": "2018-13"}, "/months/0/month"),
        ({"month": "19٣٣-03"}, "/months/0/month"),
        ({"month": "2018-0१"}, "/months/0/month"),
        ({"month": "2018-03\n"}, "/months/0/month"),
    ],
)
def test_impossible_months_are_refused(history_client, month, wrong, pointer):
    answer = history_client.post("/predict", json={"months": [month | wrong]})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity"])
def test_numbers_that_are_not_finite_are_refused(history_client, month, number):
    text = json.dumps({"months": [month | {"data_mib": 12345.5}]}).replace("12345.5", number)
    answer = history_client.post("/predict", content=text, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


def test_duplicate_months_are_refused(history_client, month):
    answer = history_client.post("/predict", json={"months": [month, month]})
    found = answer.json()
    assert found["detail"] == "1 value cannot be accepted"
    assert found["errors"][0]["detail"].startswith("each month may be given once, got ")


@pytest.fixture(scope="module")
def row_client(row_run):
    with TestClient(create_app(load_run(row_run))) as client:
        yield client


@pytest.fixture
def attributes(row_run):
    return dict(load_run(row_run).manifest.golden.requests[0]["attributes"])


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2018-05-15", "2018-05-15T00:00:00"),
        ("2018-05-15T09:30:00", "2018-05-15T09:30:00"),
        ("2018-05-15 09:30", "2018-05-15T09:30:00"),
        ("2018-05-15T09:30:00Z", "2018-05-15T09:30:00"),
        ("2018-05-15T09:30:00.123456789Z", "2018-05-15T09:30:00"),
        ("2018-05-15T09:30:00+02:00", "2018-05-15T07:30:00"),
        (None, None),
    ],
)
def test_a_date_is_a_day_or_an_instant_converted_to_utc(row_client, row_run, attributes, text, instant):
    answer = row_client.post("/predict", json={"attributes": attributes | {"joined": text}})
    assert answer.status_code == 200, answer.text
    request = create_app(load_run(row_run)).state.served.request_model
    checked = request.model_validate_json(json.dumps({"attributes": attributes | {"joined": text}}))
    assert request_from(checked).attributes["joined"] == instant


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-30",
        "2018-5-1",
        "20180515",
        "2018-W20-1",
        "0001-01-01T00:00+14:00",
        "٢٠١٨-05-15",
        "",
        1526342400,
    ],
)
def test_text_that_is_not_a_date_is_refused(row_client, attributes, text):
    answer = row_client.post("/predict", json={"attributes": attributes | {"joined": text}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/attributes/joined")


@pytest.mark.parametrize("number", [1e31, -1e31, 1e300])
def test_numbers_beyond_the_limit_of_tables_are_refused(row_client, attributes, number):
    answer = row_client.post("/predict", json={"attributes": attributes | {"monthly spend": number}})
    assert answer.status_code == 422


@pytest.mark.parametrize("number", [1e30, -1e30, 0.0, None])
def test_the_largest_number_gets_an_answer(row_client, attributes, number):
    answer = row_client.post("/predict", json={"attributes": attributes | {"monthly spend": number}})
    assert answer.status_code == 200


def test_a_column_called_held_keeps_its_name_in_requests(tmp_path):
    rows = [f"{('yes', 'no')[row % 2]},{100 + row * 37 % 50}.25,{'ab'[row % 3 == 0]}" for row in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["held,mb,plan", *rows]) + "\n")
    table = ("data=table", f"data.path={tmp_path / 'rows.csv'}", "data.plan_column=plan")
    options = (
        "data.usage_columns.data_mib=mb",
        "model=dummy",
        "baselines=[]",
        "cv.n_folds=2",
        "n_bootstrap=20",
    )
    config = compose(*table, *options)
    begin_run(tmp_path / "run", config, "train")
    save_run(run(config), tmp_path / "run", "train")
    with TestClient(create_app(load_run(tmp_path / "run"))) as client:
        example = client.get("/run/schema").json()["examples"][0]
        assert example["attributes"]["held"] in ("yes", "no")
        assert client.post("/predict", json=example).status_code == 200
        for mb in (-1.0, None, 1e10):
            asked = {"attributes": {"held": None, "mb": mb}}
            assert client.post("/predict", json=asked).status_code == 422


@pytest.fixture(scope="module")
def bills(bill_run):
    return load_run(bill_run)


@pytest.fixture(scope="module")
def bill_client(bills):
    with TestClient(create_app(bills)) as client:
        yield client


@pytest.fixture
def bill_request(bills):
    return json.loads(json.dumps(bills.manifest.golden.requests[0]))


def test_bills_and_savings_are_those_of_the_recommender(bill_client, bills):
    for request in bills.manifest.golden.requests:
        answer = bill_client.post("/predict", json=request).json()
        table = bills.recommender.table([read_request(request)])
        prediction, decisions = bills.recommender.recommend(table)
        saving = savings(table, prediction)
        assert (answer["currency"], answer["as_of"]) == ("USD", str(table.as_of[0]))
        assert (answer["decision"], answer["reason"]) == (decisions.decision[0], decisions.reason[0])
        for item in answer["items"]:
            plan = table.plans.index(item["plan_id"])
            assert item["expected_bill"] == mean_invoice(bills, request, item["plan_id"])
            assert float(item["expected_saving"]) == pytest.approx(saving[0, plan], abs=0.006)
            assert item["reasons"]
        assert answer["bill_basis"] == "exact"


def mean_invoice(bills, request, plan: str) -> str:
    """Return the mean of the months' invoices by the exact reference, rounded once, half up."""
    catalogue = bills.recommender.catalogue
    months = [
        MonthUsage(**{name: Decimal(str(value)) for name, value in month.items() if name != "month"})
        for month in request["months"]
    ]
    mean = sum(invoice(catalogue, plan, month) for month in months) / len(months)
    return str(mean.quantize(Decimal("0.01"), ROUND_HALF_UP))


def test_sentences_are_in_spanish_if_requested(bill_client, bill_request):
    answers = [
        bill_client.post("/predict", json=bill_request, headers={"Accept-Language": language}).json()
        for language in ("en", "es-PE,es;q=0.9")
    ]
    first = next(place for place, item in enumerate(answers[0]["items"]) if item["rank"] == 1)
    assert answers[0]["items"][first]["reasons"][0]["sentence"].startswith("At your last 6 months' usage")
    assert answers[1]["items"][first]["reasons"][0]["sentence"].startswith(
        "Con su consumo de los últimos 6 meses"
    )


def test_staying_saves_nothing(bill_client, bill_request):
    items = bill_client.post("/predict", json=bill_request).json()["items"]
    held = next(item for item in items if item["plan_id"] == bill_request["plan_held"])
    assert Decimal(held["expected_saving"]) == 0


def test_an_unknown_plan_held_gives_bills_and_no_savings(bill_client, bill_request):
    items = bill_client.post("/predict", json=bill_request | {"plan_held": None}).json()["items"]
    assert all(Decimal(item["expected_bill"]) > 0 for item in items)
    assert {item["expected_saving"] for item in items} == {None}


def test_the_plan_held_is_required_and_the_last_advice_is_not(bill_client, bill_request, bills):
    bill_request.pop("last_recommended")
    assert bill_client.post("/predict", json=bill_request).status_code == 200
    for plan in (*bills.recommender.plans, None):
        answer = bill_client.post("/predict", json=bill_request | {"last_recommended": plan})
        assert answer.status_code == 200
    bill_request.pop("plan_held")
    answer = bill_client.post("/predict", json=bill_request)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/plan_held"]


@pytest.mark.parametrize("name", ["plan_held", "last_recommended"])
@pytest.mark.parametrize("plan", ["no such plan", "", 0, []])
def test_plans_outside_the_catalogue_are_refused(bill_client, bill_request, name, plan):
    answer = bill_client.post("/predict", json=bill_request | {name: plan})
    assert answer.status_code == 422
    assert {error["pointer"].split("/")[1] for error in answer.json()["errors"]} == {name}


def test_a_short_history_gets_no_advice(bill_client, bill_request):
    bill_request["months"] = bill_request["months"][-1:]
    answer = bill_client.post("/predict", json=bill_request).json()
    assert (answer["decision"], answer["reason"]) == ("abstain", "history_too_short")


def test_months_before_the_plans_are_valid_are_refused(bill_client, bill_request):
    for number, month in enumerate(bill_request["months"], start=1):
        month["month"] = f"2017-0{number}"
    answer = bill_client.post("/predict", json=bill_request)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/months", "detail": "no plan is valid on 2017-07-01, the day of the decision"},
        {
            "pointer": "/plan_held",
            "detail": f"{bill_request['plan_held']!r} was not valid the day before the decision of"
            " 2017-07-01",
        },
    ]
