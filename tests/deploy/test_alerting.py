"""Two workers, Prometheus and Alertmanager: faults arrive as alerts, and the runbook ends them."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from planrec.serving.pin import read_pin
from planrec.serving.pin_run import pin_run
from tests.api.servers import free_port, wait_until_ready
from tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
RUNBOOK = REPOSITORY / "docs" / "how-to" / "runbook.md"
SECONDS = 90
"After this time an alert is missing."
SHORTER = (
    (r"for: \d+[mh]", "for: 1s"),
    (r"interval: 15s", "interval: 1s"),
    (r"\[(5m|1h)\]", "[15s]"),
    (r"offset 10m", "offset 10s"),
)
"The same rules at another speed."
METRIC = {"group": None, "value": 0.01, "low": 0.0, "high": 0.02}
METRICS = [
    METRIC | {"metric": "regret"},
    METRIC | {"metric": "harm_rate"},
    METRIC | {"metric": "harm_gap", "group": "age"},
]
REALISED = {"newest_month": "2020-01", "judged": 400, "unjudged": {"not_over": 3}}
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("prometheus-alertmanager")),
        reason="needs Prometheus: apt-get install prometheus prometheus-alertmanager",
    ),
]


class Webhook(ThreadingHTTPServer):
    """Receives alerts: the state of each is that of its last message."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        super().__init__(("127.0.0.1", 0), _Receiver)


class _Receiver(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        for alert in json.loads(body)["alerts"]:
            self.server.states[alert["labels"]["alertname"]] = alert["status"]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def process(log: Path, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the context ends."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [str(word) for word in command], stdout=output, stderr=output, cwd=log.parent
        )
        try:
            yield started
        finally:
            started.terminate()
            started.wait(30)


def until(condition: Callable[[], Any], meaning: str) -> Any:
    """Poll; fail if the condition does not come true in time."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except (httpx.HTTPError, LookupError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"never: {meaning}")


class World:
    """Prometheus, Alertmanager and a webhook, and the server that they watch."""

    def __init__(self, folder: Path, outputs: Path) -> None:
        self.folder, self.outputs = folder, outputs
        self.port, self.prometheus, self.alertmanager = (free_port() for _ in range(3))
        self.webhook = Webhook()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Start everything but the server."""
        rules = (DEPLOY / "prometheus" / "planrec.rules.yml").read_text("utf-8")
        for long, short in SHORTER:
            rules = re.sub(long, short, rules)
        write(self.folder / "planrec.rules.yml", rules)
        example = (DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8")
        for old, new in (("15s", "1s"), ("9093", self.alertmanager), ("8000", self.port)):
            example = example.replace(str(old), str(new))
        write(self.folder / "prometheus.yml", example)
        routes = (DEPLOY / "prometheus" / "alertmanager.yml").read_text("utf-8")
        routes = re.sub(r"group_(wait|interval): \d+[sm]", r"group_\1: 1s", routes)
        routes = routes.replace("127.0.0.1:9099", f"127.0.0.1:{self.webhook.server_port}")
        write(self.folder / "alertmanager.yml", routes)
        with ExitStack() as stack:
            threading.Thread(target=self.webhook.serve_forever, daemon=True).start()
            stack.callback(self.webhook.server_close)
            stack.callback(self.webhook.shutdown)
            names = (("prometheus", self.prometheus), ("prometheus-alertmanager", self.alertmanager))
            for name, port in names:
                address = f"127.0.0.1:{port}"
                own = (
                    ["--config.file=prometheus.yml", f"--storage.tsdb.path={self.folder / 'tsdb'}"]
                    if name == "prometheus"
                    else [
                        "--config.file=alertmanager.yml",
                        f"--storage.path={self.folder / 'alerts'}",
                        "--cluster.listen-address=",
                    ]
                )
                options = [f"--web.listen-address={address}", f"--web.external-url=http://{address}"]
                stack.enter_context(process(self.folder / f"{name}.log", name, *own, *options))
            for name, port in names:
                until(lambda port=port: self.get(port, "/-/ready").is_success, f"{name} is ready")
            yield

    @contextmanager
    def server(self) -> Iterator[None]:
        """Start the server with two workers."""
        log = self.folder / "server.log"
        command = ("-m", "planrec", "serve", "--outputs", self.outputs, "--port", self.port, "--workers", "2")
        with process(log, sys.executable, *command) as started:
            wait_until_ready(f"http://127.0.0.1:{self.port}", started, log)
            yield

    def get(self, port: int, path: str, **parameters: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}{path}", params=parameters, timeout=10)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Ask Prometheus."""
        found = self.get(self.prometheus, "/api/v1/query", query=expression).json()
        return list(found["data"]["result"])

    def wait_for(self, alert: str, state: str) -> None:
        """Wait until the webhook received this state of an alert."""
        until(lambda: self.webhook.states.get(alert) == state, f"{alert} is {state}: {self.webhook.states}")

    def type_commands_of(self, section: str) -> None:
        """Type the commands of a section of the runbook; `planrec serve` is the context `server`."""
        text = RUNBOOK.read_text("utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
        lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
        assert lines
        for line in lines:
            if line.startswith("planrec serve") or (line.startswith("curl") and not shutil.which("curl")):
                continue
            typed = re.sub(r"^planrec ", f"{sys.executable} -m planrec ", line).replace(
                "8000", str(self.port)
            )
            done = subprocess.run(
                ["bash", "-c", typed],
                cwd=self.folder,
                env={"PATH": "/usr/bin:/bin", "PLANREC_OUTPUTS": str(self.outputs)},
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def write(file: Path, text: str) -> None:
    new = file.with_name(file.name + ".new")
    new.write_text(text, "utf-8")
    new.replace(file)


@pytest.fixture
def world(history_run, bill_run, tmp_path):
    outputs = tmp_path / "outputs"
    for name, run in (("2030-01-30/one", bill_run), ("2030-01-31/two", history_run)):
        shutil.copytree(run, outputs / name)
        pin_run(outputs / name, outputs)
    (outputs / "monitoring").mkdir()
    pin = read_pin(outputs)
    realised = REALISED | {"of_runs": {run.run_json_sha256: METRICS for run in (pin, *pin.earlier)}}
    write(outputs / "monitoring" / "realised.json", json.dumps(realised))
    return World(tmp_path, outputs)


def test_faults_arrive_as_alerts_and_the_runbook_ends_them(world):
    """A server that is down, drift, and a pin that is refused; and every panel of the dashboard has data."""
    with world.watching():
        world.wait_for("PlanRecDown", "firing")
        with world.server():
            world.type_commands_of("PlanRecDown")
            world.wait_for("PlanRecDown", "resolved")
            ask_for_advice(world)
            check_drift(world)
            check_panels(world)
            check_refused_pin(world)
        world.wait_for("PlanRecDown", "firing")


def ask_for_advice(world: World) -> None:
    example = world.get(world.port, "/run/schema").json()["examples"][0]
    for _ in range(60):
        answer = httpx.post(f"http://127.0.0.1:{world.port}/predict", json=example, timeout=30)
        assert answer.status_code == 200, answer.text
    counted = 'sum(planrec_requests_total{route="/predict",status="200"})'
    until(lambda: float(world.query(counted)[0]["value"][1]) == 60, "both workers count 60 answers")


def check_drift(world: World) -> None:
    file = world.outputs / "monitoring" / "drift.json"
    streams = {"data_mib": 5000.0, "sms": 0.4}
    evidence = {"all": 2500.2, "streams": streams}
    about = {"run_json_sha256": read_pin(world.outputs).run_json_sha256, "day": "2030-01-31"}
    write(file, json.dumps(about | {"alarm": True, "evidence": evidence}))
    world.wait_for("PlanRecDrift", "firing")
    # No day of this log is over yet, so nothing has drifted.
    world.type_commands_of("PlanRecDrift")
    world.wait_for("PlanRecDrift", "resolved")


def check_panels(world: World) -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "planrec.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(expressions) == len(dashboard["panels"]) > 10
    for expression in expressions:
        asked = expression.replace("$__rate_interval", "15s")
        until(lambda asked=asked: world.query(asked), f"data for {expression}")


def check_refused_pin(world: World) -> None:
    file = world.outputs / "pinned.json"
    write(file, json.dumps(json.loads(file.read_text()) | {"run_json_sha256": "0" * 64}))
    world.wait_for("PlanRecPinRefused", "firing")
    world.type_commands_of("PlanRecPinRefused")
    world.wait_for("PlanRecPinRefused", "resolved")
