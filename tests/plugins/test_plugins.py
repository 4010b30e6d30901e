"""Plug-ins: a complete package is built, installed and used; wrong ones are refused by name."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from planrec import plugins
from planrec.cli import main
from planrec.contracts import Model
from planrec.errors import PluginError
from planrec.metrics import METRICS, Metric
from planrec.model import Lgbm, Popular
from planrec.plugins import Plugin, PluginUse, kinds_of, missing_plugins, plugin_metrics, with_plugins
from planrec.testing import check_metric, check_model, check_option, check_splitter

PACKAGE = Path(__file__).parent / "acme_planrec_package"
SMALL = ("data.n_subscribers=200", "n_bootstrap=20", "baselines=[popular]")
TRAIN_PIN_ANSWER = """
import json, sys
from pathlib import Path

from litestar.testing import TestClient

from planrec.cli import main
from planrec.cli.api_package import api_module
from planrec.plugins import installed_plugins
from planrec.runs.address import address_of
from planrec.runs.find import newest_run
from planrec.runs.read import replay_golden
from planrec.serving.pin import load_pinned

for words in (["train", *json.loads(sys.argv[1])], ["leaderboard"], ["pin", "latest"], ["report", "latest"]):
    assert main(words) == 0, words
saved = load_pinned(Path("outputs"))
replay_golden(saved)
with TestClient(api_module("app").create_app(saved)) as client:
    replies = [client.post("/predict", json=request) for request in saved.manifest.golden.requests]
print(json.dumps({
    "address": address_of(saved.config, "data"),
    "installed": [plugin.name for plugin in installed_plugins()],
    "used": json.loads((newest_run(Path("outputs")) / "run.json").read_text())["plugins"],
    "model": type(saved.recommender.pipeline[-1]).__module__,
    "statuses": sorted({reply.status_code for reply in replies}),
}))
"""


class Acme(Model):
    """A model of another package."""

    kind: Literal["acme"]

    def build(self, seed, catalogue):
        raise AssertionError("never built")


class SecondLgbm(Acme):
    """A model with a kind that is already taken."""

    kind: Literal["lgbm"]  # type: ignore[assignment]


class NoModel:
    """Anything but a model."""

    model_fields: ClassVar[dict] = {}


def always_one(judged, weights):
    """A function of another package."""
    return np.ones(len(weights))


METRIC = replace(METRICS["accuracy"], function=always_one)
OF_PLANREC = METRICS["accuracy"]


@pytest.fixture
def entry_points(monkeypatch):
    """Install entry points, as `name=object of this module`, for one test."""

    def install(group: str, **named: str) -> None:
        points = tuple(
            EntryPoint(name, f"{__name__}:{value}", f"planrec.{group}") for name, value in named.items()
        )
        monkeypatch.setattr(plugins, "_all_points", lambda: {f"planrec.{group}": points})
        monkeypatch.setitem(sys.modules, __name__, sys.modules[test_a_kind_joins_the_union.__module__])

    monkeypatch.delenv(plugins.VARIABLE, raising=False)
    return install


def test_a_kind_joins_the_union(entry_points):
    entry_points("model", acme="Acme")
    assert with_plugins("model", (Lgbm, Popular), Model) == Lgbm | Popular | Acme


def test_plugins_are_ignored_if_switched_off(entry_points, monkeypatch):
    entry_points("model", acme="Acme")
    monkeypatch.setenv(plugins.VARIABLE, "none")
    assert with_plugins("model", (Lgbm, Popular), Model) == Lgbm | Popular
    assert plugins.installed_plugins() == ()


def test_a_kind_that_two_packages_add_is_refused_with_both_names(entry_points):
    entry_points("model", lgbm="SecondLgbm")
    with pytest.raises(PluginError, match=r"model kind 'lgbm' comes from both planrec and .*:SecondLgbm"):
        with_plugins("model", (Lgbm, Popular), Model)


def test_all_wrong_entry_points_are_reported_together(entry_points):
    entry_points("model", gone="Gone", acme2="Acme", none="NoModel")
    with pytest.raises(PluginError) as raised:
        with_plugins("model", (Lgbm,), Model)
    gone, other_name, no_model, remedy = raised.value.problems
    assert "no attribute 'Gone'" in gone or "has no attribute 'Gone'" in gone
    assert "must be named like its kind, acme" in other_name
    assert "must be a subclass of planrec.contracts.Model" in no_model
    assert remedy == "correct or uninstall these packages, or set PLANREC_PLUGINS=none to ignore all plug-ins"


def test_metrics_are_added_by_name_and_must_be_metrics(entry_points):
    entry_points("metric", acme_accuracy="METRIC")
    assert plugin_metrics(METRICS, Metric) == {"acme_accuracy": METRIC}
    entry_points("metric", accuracy="METRIC")
    with pytest.raises(PluginError, match="metric 'accuracy' comes from both planrec and"):
        plugin_metrics(METRICS, Metric)
    entry_points("metric", acme="NoModel")
    with pytest.raises(PluginError, match=r"acme = .*: must be a Metric, got type"):
        plugin_metrics(METRICS, Metric)
    entry_points("metric", acme="OF_PLANREC")
    with pytest.raises(PluginError, match=r"must be defined in the package .*, got planrec"):
        plugin_metrics(METRICS, Metric)


def test_a_folder_of_yaml_files_must_exist(entry_points):
    entry_points("conf", acme="no_such_module")
    with pytest.raises(PluginError, match="no such package"):
        plugins.conf_folders()


def test_folders_of_yaml_files_are_found_without_importing_the_plugin(tmp_path, monkeypatch):
    package = tmp_path / "acme_unimportable"
    (package / "conf").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError")
    point = EntryPoint("acme", "acme_unimportable.conf", "planrec.conf")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv(plugins.VARIABLE, raising=False)
    monkeypatch.setattr(plugins, "_all_points", lambda: {"planrec.conf": (point,)})
    assert plugins.conf_folders() == (package / "conf",)


def test_the_kind_of_an_option_is_a_literal():
    assert kinds_of(Acme) == ("acme",)
    with pytest.raises(TypeError, match="kind: Literal"):
        kinds_of(NoModel)


def test_a_missing_plugin_names_what_to_install(monkeypatch):
    use = PluginUse("acme-planrec", "1.0.0", "acme_planrec", "0" * 64)
    monkeypatch.setattr(plugins, "installed_plugins", lambda: ())
    assert missing_plugins([use]) == ["it needs the plug-in acme-planrec: pip install acme-planrec==1.0.0"]
    other = replace(use, package="subprocess")
    same = Plugin("acme-planrec", "1.0.0", "acme_planrec", ())
    monkeypatch.setattr(plugins, "installed_plugins", lambda: (same,))
    assert missing_plugins([use]) == []
    assert missing_plugins([other]) == ["the package of acme-planrec must be acme_planrec, got subprocess"]
    newer = Plugin("acme-planrec", "1.1.0", "acme_planrec", ())
    monkeypatch.setattr(plugins, "installed_plugins", lambda: (newer,))
    assert missing_plugins([use]) == [
        "it needs acme-planrec 1.0.0, installed is 1.1.0: pip install acme-planrec==1.0.0, or train again"
    ]
    monkeypatch.setenv(plugins.VARIABLE, "none")
    assert "unset PLANREC_PLUGINS" in missing_plugins([use])[0]


def test_changed_code_changes_the_hash(tmp_path, monkeypatch):
    shutil.copytree(PACKAGE / "acme_planrec", tmp_path / "acme_hashed")
    monkeypatch.syspath_prepend(tmp_path)
    before = Plugin("acme", "1", "acme_hashed", ()).sha256
    plugins._content_hash.cache_clear()
    assert Plugin("acme", "1", "acme_hashed", ()).sha256 == before
    with (tmp_path / "acme_hashed" / "conf" / "model" / "acme_shares.yaml").open("a") as file:
        file.write("# changed\n")
    plugins._content_hash.cache_clear()
    assert Plugin("acme", "1", "acme_hashed", ()).sha256 != before


def test_the_complete_plugin_keeps_the_contracts(monkeypatch):
    monkeypatch.syspath_prepend(PACKAGE)
    from acme_planrec.metric import PROBABILITY_OF_RIGHT
    from acme_planrec.model import AcmeShares
    from acme_planrec.splitter import AcmeNewest

    model = AcmeShares(kind="acme_shares", prior_count=1.0)
    check_option(model)
    check_model(model)
    check_metric(PROBABILITY_OF_RIGHT)
    splitter = AcmeNewest(kind="acme_newest")
    check_option(splitter)
    check_splitter(splitter)


def test_a_splitter_may_import_the_splitters_of_planrec():
    code = "import sys, planrec.cv; print('planrec.cv.nested' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n", "the union of splitters loads those of plug-ins, which may come first"


def test_the_verb_lists_plugins_and_says_if_there_are_none(monkeypatch, capsys):
    assert main(["plugins"]) == 0
    assert capsys.readouterr().out == "no plug-ins are installed\n"
    acme = Plugin("acme-planrec", "1.0.0", "json", ("model=acme_shares",))
    monkeypatch.setattr(plugins, "installed_plugins", lambda: (acme,))
    assert main(["plugins"]) == 0
    assert capsys.readouterr().out.endswith(f"sha256 {acme.sha256[:12]})\n  model=acme_shares\n")
    assert main(["plugins", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plugins"][0]["adds"] == ["model=acme_shares"]
    monkeypatch.undo()
    monkeypatch.setenv("PLANREC_PLUGINS", "none")
    assert main(["plugins"]) == 0
    assert capsys.readouterr().out == "plug-ins are ignored: PLANREC_PLUGINS=none\n"


def installed(folder: Path) -> Path:
    """Build the package's wheel and install it into a folder."""
    source = shutil.copytree(PACKAGE, folder / "source")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*pip, "--target", str(folder / "site"), str(source)], check=True)
    return folder / "site"


def in_process(
    folder: Path, site: Path, code: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *sys.path[:1]])} | variables
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.e2e
@pytest.mark.slow
def test_a_complete_plugin_trains_is_pinned_and_answers(tmp_path):
    site = installed(tmp_path)
    for first in ("metric import PROBABILITY_OF_RIGHT", "splitter import AcmeNewest"):
        imported = in_process(tmp_path, site, f"from acme_planrec.{first}; import planrec.config.run_config")
        assert imported.returncode == 0, imported.stderr
    metrics = "metrics=[acme_probability_of_right,log_loss]"
    overrides = ["model=acme_shares", "cv=acme_newest", metrics, *SMALL]
    first = in_process(tmp_path, site, TRAIN_PIN_ANSWER, json.dumps(overrides))
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout.splitlines()[-1])
    assert found["installed"] == ["acme-planrec"]
    assert [(use["name"], use["version"], use["package"]) for use in found["used"]] == [
        ("acme-planrec", "1.0.0", "acme_planrec")
    ]
    assert found["model"] == "acme_planrec.model"
    assert found["statuses"] == [200]

    code = site / "acme_planrec" / "model.py"
    code.write_text(code.read_text() + "\n# changed\n")
    load = (
        "from pathlib import Path; from planrec.serving.pin import load_pinned; load_pinned(Path('outputs'))"
    )
    refused = in_process(tmp_path, site, load)
    assert "acme-planrec 1.0.0: the run was made with code of sha256" in refused.stderr
    second = in_process(tmp_path, site, TRAIN_PIN_ANSWER, json.dumps(overrides))
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout.splitlines()[-1])["address"] != found["address"]

    refused = in_process(tmp_path, site, load, PLANREC_PLUGINS="none")
    assert refused.returncode == 1
    assert "it needs the plug-in acme-planrec, and PLANREC_PLUGINS=none" in refused.stderr
    shutil.rmtree(site)
    refused = in_process(tmp_path, site, load)
    assert "pip install acme-planrec==1.0.0" in refused.stderr
