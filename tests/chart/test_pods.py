"""What values make of a part's pods, where it is no plain copy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import TOKEN

AZURE = "azure.workload.identity/use"
PLACED: dict[str, Any] = {
    "nodeSelector": {"gpu": "a"},
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1}],
    "priorityClassName": "first",
    "runtimeClassName": "nvidia",
    "dnsConfig": {"options": [{"name": "ndots"}]},
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
}
ADDED: dict[str, Any] = {
    "env": [{"name": "A", "value": "{{ .Release.Name }}"}],
    "envFrom": [{"secretRef": {"name": "a"}}],
    "volumeMounts": [{"name": "a", "mountPath": "/a"}],
}
STANDALONE = {"comfyui": {"placement": "standalone"}}
TAINT = {"key": "a", "operator": "Exists"}
PARTS = {
    "bot": ("Deployment", "bot", "bot"),
    "worker": ("Deployment", "worker", "worker"),
    "comfyui": ("Deployment", "comfyui", "comfyui"),
    "redis": ("StatefulSet", "redis", "redis"),
    "models": ("Job", "models", "download"),
}


def named(manifests, kind, name):
    (found,) = (one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, f"edit-qwenedit-{name}"))
    return found


def test_token_value_that_changes_restarts_the_bot_alone(render):
    first, second = (render({"bot": {"token": {"value": token}}}) for token in ("1:abc", "1:xyz"))
    for part in ("bot", "worker"):
        before, after = (named(manifests, "Deployment", part)["spec"]["template"] for manifests in (first, second))
        assert (before == after) is (part == "worker")


def test_selftest_has_the_bots_identity_at_azure(render):
    manifests = render({"bot": {**TOKEN["bot"], "pod": {"labels": {AZURE: "true", "team": "photos"}}}})
    assert named(manifests, "Pod", "selftest")["metadata"]["labels"].items() >= {AZURE: "true"}.items()
    assert "team" not in named(manifests, "Pod", "selftest")["metadata"]["labels"]
    assert AZURE not in named(render(TOKEN), "Pod", "selftest")["metadata"]["labels"]


def test_label_of_one_pod_wins_over_that_of_all(render):
    manifests = render({"bot": {**TOKEN["bot"], "pod": {"labels": {"team": "x"}}}, "commonLabels": {"team": "y"}})
    for part, team in (("bot", "x"), ("worker", "y")):
        assert named(manifests, "Deployment", part)["spec"]["template"]["metadata"]["labels"]["team"] == team


@pytest.mark.parametrize("part", PARTS)
def test_every_parts_pod_takes_kubernetes_own_fields(part, render):
    pod = {**PLACED, **ADDED, "labels": {"team": "x"}, "annotations": {"note": "y"}, "tolerations": [TAINT]}
    pod["volumes"] = [{"name": "a", "emptyDir": {}}]
    pod["containers"] = [{"name": "own", "image": "{{ .Release.Name }}"}]
    given = {"download": {"pod": pod}} if part == "models" else {"pod": pod, **TOKEN.get(part, {})}
    kind, name, container = PARTS[part]
    manifests = render({**TOKEN, **STANDALONE, part: {**given, **STANDALONE.get(part, {})}})
    (template,) = (
        one["spec"]["template"]
        for one in manifests
        if one["kind"] == kind and one["metadata"]["name"].startswith(f"edit-qwenedit-{name}")
    )
    assert template["metadata"]["labels"]["team"] == "x"
    assert template["metadata"]["annotations"]["note"] == "y"
    spec = template["spec"]
    assert {key: spec[key] for key in PLACED} == PLACED
    assert TAINT in spec["tolerations"]
    assert pod["volumes"][0] in spec["volumes"]
    assert {"name": "own", "image": "edit"} in spec["containers"]
    (found,) = (one for one in spec["containers"] if one["name"] == container)
    assert {"name": "A", "value": "edit"} in found["env"]
    assert all(one in found[key] for key in ("envFrom", "volumeMounts") for one in ADDED[key])


def test_every_workload_has_the_deployments_annotations_and_no_pod_has_them(render):
    note = {"reloader.stakater.com/auto": "true"}
    manifests = render({**TOKEN, **STANDALONE, "deploymentAnnotations": note})
    workloads = [one for one in manifests if "template" in one.get("spec", {})]
    assert {one["kind"] for one in workloads} == {"Deployment", "Job", "StatefulSet"}
    for one in workloads:
        assert one["metadata"]["annotations"] == note
        assert not note.keys() & one["spec"]["template"]["metadata"]["annotations"].keys()


def test_helper_pods_take_resources_and_places_of_their_parts(render):
    limits = {"limits": {"cpu": "1", "memory": "2Gi"}}
    part: dict[str, Any] = {"resources": limits, "pod": {**PLACED, "tolerations": [TAINT]}}
    bot = {**TOKEN["bot"], **part}
    manifests = render({"bot": bot, "worker": {"resources": limits}, "redis": part, "backup": {"existingClaim": "b"}})
    selftest = named(manifests, "Pod", "selftest")["spec"]
    backup = named(manifests, "CronJob", "backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (download,) = (one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "Job")
    check = named(manifests, "Deployment", "worker")["spec"]["template"]["spec"]["initContainers"][0]
    for container in (selftest["containers"][0], backup["containers"][0], download["containers"][0], check):
        assert container["resources"]["limits"] == limits["limits"]
    spread = {"affinity", "topologySpreadConstraints"}
    for pod in (selftest, backup):
        assert {key: pod.get(key) for key in PLACED} == PLACED | dict.fromkeys(spread)
        assert TAINT in pod["tolerations"]
