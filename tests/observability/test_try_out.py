"""Tempo, Prometheus, Loki and Grafana for a try-out cluster fit each other, Kubernetes and the chart."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from qwenedit_testkit import ROOT
from tests.observability.chart import NAMESPACE, monitored

FOLDER = ROOT / "k8s/observability"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
FILES = [FOLDER / name for name in KUSTOMIZATION["resources"]]
OBJECTS: list[dict[str, Any]] = [one for file in FILES for one in yaml.safe_load_all(file.read_text())]
DEPLOYMENTS = [one for one in OBJECTS if one["kind"] == "Deployment"]
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())


def ports(service):
    (found,) = (one for one in OBJECTS if one["kind"] == "Service" and one["metadata"]["name"] == service)
    return {port["port"] for port in found["spec"]["ports"]}


def sidecar(deployment, label):
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        env = {one["name"]: one["value"] for one in container.get("env", [])}
        if env.get("LABEL") == label:
            return env
    return None


@pytest.fixture(scope="module")
def installed():
    return monitored(VALUES["monitoring"] | {"podMonitor": {"enabled": False}}, networkPolicy=VALUES["networkPolicy"])


@pytest.mark.parametrize("version", ["1.29", "1.34"])
def test_kubernetes_takes_every_object(version):
    for one in OBJECTS:
        kubernetes_validate.validate(one, version, strict=True)


def test_prometheus_finds_bot_and_workers_and_nothing_else(promtool, installed, tmp_path):
    config = yaml.safe_load((FOLDER / "config/prometheus.yaml").read_text())
    (scraping,) = config["scrape_configs"]
    # Debian's Prometheus has no Kubernetes in it: the pods are told to it as Kubernetes would tell them.
    del scraping["kubernetes_sd_configs"]
    scraping["static_configs"] = [
        {"targets": [f"10.0.0.{number}:{port.get('containerPort', 1)}"], "labels": meta(one, container, port)}
        for number, one in enumerate(installed)
        if one["kind"] in {"Deployment", "StatefulSet"}
        for container in one["spec"]["template"]["spec"]["containers"]
        for port in container.get("ports", [{}])
    ]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [promtool, "check", "service-discovery", "--timeout=2s", "prometheus.yaml", "qwenedit"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    kept = [one["labels"] for one in json.loads(done.stdout) if one["labels"]]
    assert sorted((one["job"], one["namespace"], one["container"]) for one in kept) == [
        (f"{NAMESPACE}/edit-bot", NAMESPACE, "bot"),
        (f"{NAMESPACE}/edit-worker", NAMESPACE, "worker"),
    ]
    assert len(scraping["static_configs"]) > len(kept)


def meta(owner, container, port):
    labels = owner["spec"]["template"]["metadata"]["labels"]
    return {
        "__meta_kubernetes_namespace": NAMESPACE,
        "__meta_kubernetes_pod_name": f"{owner['metadata']['name']}-0",
        "__meta_kubernetes_pod_container_name": container["name"],
        "__meta_kubernetes_pod_container_port_name": port.get("name", ""),
        **{f"__meta_kubernetes_pod_label_{re.sub('[^a-zA-Z0-9]', '_', key)}": value for key, value in labels.items()},
    }


def test_charts_rules_and_dashboards_have_the_labels_that_are_looked_for(installed):
    marks = [one["metadata"]["labels"] for one in installed if one["kind"] == "ConfigMap"]
    for label in ("prometheus_rules", "grafana_dashboard"):
        (env,) = filter(None, (sidecar(one, label) for one in DEPLOYMENTS))
        assert any(labels.get(label) == env["LABEL_VALUE"] for labels in marks)


def test_charts_policies_let_prometheus_in_and_traces_out(installed):
    names = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in DEPLOYMENTS}
    (scraper,) = VALUES["networkPolicy"]["metricsFrom"]
    (collector,) = VALUES["networkPolicy"]["collectorTo"]
    assert scraper["podSelector"]["matchLabels"] == names["prometheus"]
    assert collector["podSelector"]["matchLabels"] == names["tempo"]
    for peer in (scraper, collector):
        assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": KUSTOMIZATION["namespace"]}
    endpoint = re.fullmatch(r"http://tempo\.observability:(\d+)", VALUES["monitoring"]["traces"]["endpoint"])
    assert endpoint is not None
    assert int(endpoint[1]) in ports("tempo")
    for part in ("bot", "worker"):
        (policy,) = (
            one["spec"]
            for one in installed
            if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == f"edit-qwenedit-{part}"
        )
        assert any(rule.get("from") == [scraper] for rule in policy["ingress"])
        assert any(rule.get("to") == [collector] for rule in policy["egress"])
