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
CONFIGS = {one["name"]: [FOLDER / file for file in one["files"]] for one in KUSTOMIZATION["configMapGenerator"]}
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
RUNNING = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one["metadata"]["name"])


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


def test_every_file_is_applied():
    assert set(FILES) == set(FOLDER.glob("*.yaml")) - {FOLDER / "kustomization.yaml", FOLDER / "values.yaml"}
    assert {file for files in CONFIGS.values() for file in files} == set((FOLDER / "config").iterdir())


@RUNNING
def test_pods_are_restricted(deployment):
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        context = container["securityContext"]
        assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", container["image"])


@RUNNING
def test_mounted_and_configured_files_of_pods_exist(deployment):
    pod = deployment["spec"]["template"]["spec"]
    volumes = {one["name"]: one for one in pod["volumes"]}
    assert {one["configMap"]["name"] for one in volumes.values() if "configMap" in one} <= set(CONFIGS)
    for container in pod["containers"]:
        mounted = {one["mountPath"]: volumes[one["name"]] for one in container["volumeMounts"]}
        told = [word.partition("=")[2] or word for word in container.get("args", [])]
        for path in (word for word in told if re.fullmatch(r"/etc/\S+\.\w+", word)):
            folder, _, name = path.rpartition("/")
            assert name in {file.name for file in CONFIGS[mounted[folder]["configMap"]["name"]]}


def test_every_address_is_one_of_a_service_here():
    text = "".join(file.read_text() for files in CONFIGS.values() for file in files)
    found = set(re.findall(r"http://(\w+):(\d+)", text))
    assert {name for name, _ in found} == {"prometheus", "tempo", "loki"}
    for name, port in found:
        assert int(port) in ports(name)


def test_data_sources_are_joined_in_all_directions():
    sources = {
        one["uid"]: one["jsonData"]
        for one in yaml.safe_load((FOLDER / "config/datasources.yaml").read_text())["datasources"]
    }
    metrics, traces, logs = sources["prometheus"], sources["tempo"], sources["loki"]
    (exemplar,) = metrics["exemplarTraceIdDestinations"]
    assert (exemplar["name"], exemplar["datasourceUid"]) == ("trace_id", "tempo")
    assert traces["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert traces["tracesToMetrics"]["datasourceUid"] == traces["serviceMap"]["datasourceUid"] == "prometheus"
    (field,) = logs["derivedFields"]
    assert field["datasourceUid"] == "tempo"
    line = json.dumps({"event": "job.claimed", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "0" * 16})
    found = re.search(field["matcherRegex"], line)
    assert found is not None
    assert found[1] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_labels_of_a_spans_pod_are_labels_of_its_log_lines_and_series():
    tempo = yaml.safe_load((FOLDER / "config/datasources.yaml").read_text())["datasources"][1]["jsonData"]
    labels = {tag["value"] for tag in tempo["tracesToLogsV2"]["tags"] + tempo["tracesToMetrics"]["tags"]}
    shipped = set(re.findall(r'target_label\s*=\s*"(\w+)"', (FOLDER / "config/config.alloy").read_text()))
    (scraping,) = yaml.safe_load((FOLDER / "config/prometheus.yaml").read_text())["scrape_configs"]
    scraped = {rule.get("target_label") for rule in scraping["relabel_configs"]}
    assert labels <= shipped & scraped


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
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
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


def test_prometheus_takes_the_rest_of_its_configuration(promtool, tmp_path):
    config = yaml.safe_load((FOLDER / "config/prometheus.yaml").read_text())
    for scraping in config["scrape_configs"]:
        scraping["static_configs"] = [{"targets": [f"{len(scraping.pop('kubernetes_sd_configs'))}:1"]}]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
            one["spec"] for one in installed
            if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == f"edit-qwenedit-{part}"
        )  # fmt: skip
        assert any(rule.get("from") == [scraper] for rule in policy["ingress"])
        assert any(rule.get("to") == [collector] for rule in policy["egress"])
