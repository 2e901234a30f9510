"""Alerts, dashboard, units and scripts name only what exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.utils import timezone

from core.models import Tenant
from core.observe import counts, gauges, heartbeat, metrics
from tests.runtime.conftest import ROOT

RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())[
    "groups"
][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "taproom.json").read_text())
PANELS = {
    panel["title"]: [one["expr"] for one in panel["targets"]] for panel in DASHBOARD["panels"]
}
EXPRESSIONS = [rule["expr"] for rule in RULES] + [one for some in PANELS.values() for one in some]
SCRIPTS = sorted((ROOT / "deploy").glob("*.sh"))
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*"))
# Those that have no row to show yet say what they are, not their labels.
SAMPLE = re.compile(r"^(taproom_\w+?)(\{.*\})? \S+$", re.MULTILINE)
TYPE = re.compile(r"^# TYPE (taproom_\w+) (\w+)$", re.MULTILINE)


@pytest.fixture
def exposed(tenant: Tenant) -> str:
    """What /metrics says of a Taproom that has done a little of everything."""
    now = timezone.now()
    heartbeat.beat(now=now)
    gauges.measure(now=now)
    counts.count("requests", ("GET", "pay", "200"), 0.1)
    counts.count("tasks", ("core.beat", "success"), 0.1)
    return metrics.text(now=now).decode()


@pytest.mark.django_db
def test_alerts_and_dashboard_ask_for_metrics_that_exist(exposed: str) -> None:
    names = {name for name, _ in TYPE.findall(exposed)}
    names |= {
        f"{name}_{end}"
        for name, kind in TYPE.findall(exposed)
        if kind == "histogram"
        for end in ("bucket", "count", "sum")
    }
    asked = {name for text in EXPRESSIONS for name in re.findall(r"\btaproom_\w+", text)}

    assert asked - names == set()


@pytest.mark.django_db
def test_alerts_and_dashboard_ask_for_labels_that_exist(exposed: str) -> None:
    known = set(re.findall(r'[{,](\w+)="', "".join(found[1] for found in SAMPLE.findall(exposed))))
    known |= {label for gauge in gauges.known() for label in gauge.labels}
    asked = {
        label
        for text in EXPRESSIONS
        for part in re.findall(r"\{(.*?)\}", text)
        for label in re.findall(r"(\w+)=~?\"", part)
    } | {
        label.strip()
        for text in EXPRESSIONS
        for part in re.findall(r"by \((.*?)\)", text)
        for label in part.split(",")
    }

    assert asked - known == {"job"}  # Prometheus' own


def test_each_alert_says_what_it_means_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert len(rule["annotations"]["summary"]) > 20, rule["alert"]
        assert len(rule["annotations"]["description"]) > 20, rule["alert"]
        assert re.fullmatch(r"\d+[mh]", rule["for"]), rule["alert"]


def test_each_alert_is_in_the_documents() -> None:
    table = (ROOT / "docs" / "hosting.md").read_text()

    names = [rule["alert"] for rule in RULES]

    assert sorted(set(re.findall(r"\bTaproom[A-Z]\w+", table))) == sorted(names)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_prometheus_takes_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", ROOT / "deploy" / "alerts.yml"], check=True)


def test_panels_have_places_of_their_own() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]

    assert len(set(places)) == len(places) == len(PANELS)


def test_units_start_programs_with_options_of_the_container() -> None:
    image = (ROOT / "Dockerfile").read_text()
    web = (ROOT / "deploy" / "systemd" / "taproom-web.service").read_text()

    for word in re.findall(r"--[a-z-]+", next(x for x in web.splitlines() if "ExecStart" in x)):
        assert f'"{word}"' in image, word
    for unit in UNITS:
        for path in re.findall(r"/opt/taproom/app/(\S+)", unit.read_text()):
            assert (ROOT / path).is_file(), unit.name


def test_documents_start_a_worker_for_each_queue() -> None:
    text = (ROOT / "docs" / "hosting.md").read_text()

    started = re.findall(r"taproom-worker@(\w+)", text.partition("enable --now taproom-web")[2])

    assert set(settings.QUEUE_NAMES) <= set(started)


@pytest.mark.parametrize(
    "script", sorted((ROOT / "deploy").glob("*.sh")), ids=lambda path: path.name
)
def test_scripts_are_programs_that_a_shell_can_read(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    assert script.name == "make-roles.sh" or script.stat().st_mode & 0o111


def test_secrets_are_made_once_and_for_few(tmp_path: Path) -> None:

    def make() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "deploy" / "make-env.sh", "https://taproom.example"],
            env={"TAPROOM_ETC": str(tmp_path), "PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    (first, made), second = (make(), sorted(tmp_path.iterdir())), make()

    names = ["backup.env", "owner.env", "passwords.sql", "taproom.env"]
    assert [path.name for path in made] == names
    assert [path.stat().st_mode & 0o777 for path in made] == [0o600, 0o600, 0o600, 0o640]
    assert (second.returncode, "is there already" in second.stderr) == (1, True)
    app = dict(line.split("=", 1) for line in made[3].read_text().splitlines() if line[0] != "#")
    assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL"} <= app.keys()
    assert "owner" not in made[3].read_text()
    assert app["DATABASE_URL"].split(":")[2].split("@")[0] in made[2].read_text()
    assert first.stdout.count(app["SECRET_KEY"]) == 0
