"""Private costs are checked against the catalogue, and stay out of runs."""

import pytest
import yaml

from planrec.catalogue.unit_costs import read_unit_costs
from planrec.config.compose import compose
from planrec.errors import CatalogueError
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.catalogue.catalogues import shipped
from tests.conftest import SMALL

LADDER = {
    plan: {
        "minute": f"713902.84{place}157",
        "message": f"279361.54{place}982",
        "data_unit": f"461908.27{place}351",
    }
    for place, plan in enumerate(shipped("ladder").plan_ids)
}
"With so many digits that no time or loss in a run's files holds one by chance."
COSTS = {
    "schema": "planrec.unit_costs/1",
    "catalogue_id": "ladder",
    "currency": "USD",
    "plans": LADDER,
}


def written(file, **changes):
    file.write_text(yaml.safe_dump(COSTS | changes))
    return file


def test_costs_are_read_to_the_digit(tmp_path):
    costs = read_unit_costs(written(tmp_path / "costs.yaml"), shipped("ladder"))
    assert costs.model_dump(mode="json")["plans"] == LADDER


def test_costs_of_another_catalogue_are_refused_with_every_difference(tmp_path):
    others = {"minni" if plan == "mini" else plan: cost for plan, cost in LADDER.items()}
    with pytest.raises(CatalogueError) as caught:
        read_unit_costs(written(tmp_path / "costs.yaml", plans=others, currency="EUR"), shipped("ladder"))
    assert list(caught.value.problems) == [
        "currency must be the catalogue's 'USD', got 'EUR'",
        "plans: no plan 'minni' (did you mean 'mini'?)",
        "plans: 'mini' is missing",
    ]


def test_costs_that_are_not_decimal_strings_are_all_named(tmp_path):
    wrong = LADDER | {"mini": {"minute": 0.004, "message": "-1", "data_unit": "0.3"}}
    with pytest.raises(CatalogueError) as caught:
        read_unit_costs(written(tmp_path / "costs.yaml", plans=wrong), shipped("ladder"))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "plans.mini.minute",
        "plans.mini.message",
    ]


def test_no_run_file_and_no_printed_object_has_a_private_cost(tmp_path):
    costs = read_unit_costs(written(tmp_path / "costs.yaml"), shipped("ladder"))
    config = compose("catalogue=ladder", "model=popular", "baselines=[]", *SMALL)
    folder = tmp_path / "outputs" / "run"
    begin_run(folder, config, "planrec train")
    save_run(run(config), folder, "planrec train")
    private = [amount for cost in LADDER.values() for amount in cost.values()] + ["unit_cost"]
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) == 5
    found = [(file.name, text) for file in files for text in private if text.encode() in file.read_bytes()]
    assert found == []
    assert [text for text in private[:-1] if text in repr(costs) + str(costs) + repr(config)] == []
