"""Alerts and dashboard: what they name is there, each alert fires when it should, and has a runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import monitoring
import pytest
import yaml
from places import ROOT
from procfile import Process

FOLDER = ROOT / "deploy" / "monitoring"
PROMTOOL = shutil.which("promtool")
# What Prometheus makes of a histogram or a counter.
SUFFIX = re.compile(r"_(bucket|count|sum)$")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [alert["expr"] for alert in alerts()] + [one["expr"] for panel in panels for one in panel["targets"]]


def test_every_metric_that_is_asked_for_is_told_by_some_process():
    asked = {SUFFIX.sub("", name) for one in expressions() for name in re.findall(r"wici_[a-z_]+", one)}
    sources = [path for folder in ("libs", "services", "gateway") for path in (ROOT / folder).rglob("*.py")]
    told = {name for path in sources for name in re.findall(r'"(wici_[a-z_]+)"', path.read_text())}

    assert asked - told == set()


def test_every_alert_has_a_runbook_of_its_name_and_none_is_left_over():
    names = [alert["alert"] for alert in alerts()]
    headings = re.findall(r"^## (.*)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)

    assert headings == names
    assert [alert["annotations"]["runbook"] for alert in alerts()] == [
        f"docs/runbooks.md#{name.lower()}" for name in names
    ]
    assert {alert["labels"]["severity"] for alert in alerts()} == {"page", "ticket"}


def test_every_alert_is_made_to_fire():
    cases = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]
    fired = {
        name
        for case in cases
        for asked in case["promql_expr_test"]
        for sample in asked["exp_samples"]
        for name in re.findall(r'alertname="(\w+)"', sample["labels"])
    }
    assert fired == {alert["alert"] for alert in alerts()}


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: `apt install prometheus` to try the alerts")
def test_they_fire_when_something_is_wrong_and_only_then():
    ran = subprocess.run(
        [str(PROMTOOL), "test", "rules", "alerts_test.yaml"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: `apt install prometheus` to try the alerts")
def test_the_local_configuration_is_one(tmp_path):
    processes = [
        Process("identity", "nameko run", 18101, "http://127.0.0.1:18101/readyz"),
        Process("simulator.smsc", "python", 18102, "http://127.0.0.1:18102/"),
    ]
    (file := tmp_path / "prometheus.yaml").write_text(monitoring.configuration(processes, 18098, 18097))

    assert "simulator" not in file.read_text()
    subprocess.run([str(PROMTOOL), "check", "config", str(file)], check=True, capture_output=True)
