"""The files of deploy/retrain: their commands are understood, and they agree with each other."""

import configparser
import shlex

import pytest
import yaml

from planrec.cli import command_parser
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "retrain"


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str
    parser.read_string((FOLDER / name).read_text("utf-8"))
    return parser


def cron_job():
    return yaml.safe_load((FOLDER / "cronjob.yaml").read_text("utf-8"))


def commands() -> dict[str, list[str]]:
    (line,) = (row for row in (FOLDER / "crontab").read_text("utf-8").splitlines() if row[:1].isdigit())
    template = cron_job()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return {
        "crontab": shlex.split(line.partition("&& ")[2]),
        "systemd": shlex.split(unit("planrec-retrain.service")["Service"]["ExecStart"]),
        "kubernetes": template["containers"][0]["command"],
    }


@pytest.mark.parametrize("name", ["crontab", "systemd", "kubernetes"])
def test_the_command_of_each_schedule_is_understood(name):
    program, verb, *words = commands()[name]
    assert program.rpartition("/")[2] == "planrec"
    options, unknown = command_parser(verb).parse_known_args([verb, *words])
    assert (verb, options.promote, unknown) == ("retrain", True, [])
    assert len(options.overrides) == 1


def test_two_retrains_of_kubernetes_never_overlap_and_failures_are_not_repeated():
    spec = cron_job()["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    (line,) = (row for row in (FOLDER / "crontab").read_text("utf-8").splitlines() if row[:1].isdigit())
    assert line.startswith(spec["schedule"])


def test_systemd_takes_a_running_retrain_for_no_failure_and_catches_up():
    assert unit("planrec-retrain.service")["Service"]["SuccessExitStatus"] == "3"
    assert unit("planrec-retrain.timer")["Timer"]["Persistent"] == "true"
