"""What holds for every render."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest

from tests.chart.conftest import every_render

# What `restricted` allows; `image` since Kubernetes 1.35.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

NAME_SERVERS = [
    {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    },
    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}},
    {"ipBlock": {"cidr": "169.254.20.10/32"}},
]

NAMESPACED = set(
    """
    ConfigMap CronJob DaemonSet Deployment HTTPRoute Ingress Job NetworkPolicy PersistentVolumeClaim Pod
    PodDisruptionBudget PodMonitor PrometheusRule ScaledObject Secret Service ServiceAccount StatefulSet
    TriggerAuthentication
""".split()
)
"""Of these kinds; a role or a policy of the cluster would be another."""

WARM = [{"start": "0 9 * * *", "end": "0 17 * * *", "timezone": "UTC", "workers": 1}]


def containers(pod):
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def opens(rule, port):
    """Whether a rule of a NetworkPolicy opens a port: one without ports opens all, one by name another."""
    return any(
        one.get("port") is None
        or (isinstance(one["port"], int) and one["port"] <= port <= one.get("endPort", one["port"]))
        for one in rule.get("ports") or [{}]
    )


def of_kind(manifests, kind, ending=""):
    return [one for one in manifests if one["kind"] == kind and one["metadata"]["name"].endswith(ending)]


def the_worker(manifests):
    (worker,) = of_kind(manifests, "Deployment", "-worker")
    return worker


@every_render
def test_every_pod_is_restricted_with_a_read_only_root(pods):
    for owner, pod in pods.items():
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True, owner
        assert security.get("runAsUser", 1) > 0, owner
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, owner
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod["spec"]), owner
        for volume in pod["spec"]["volumes"]:
            assert set(volume) - {"name"} <= VOLUMES, owner
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, owner
            assert context["readOnlyRootFilesystem"] is True, owner
            assert context["capabilities"] == {"drop": ["ALL"]}, owner


@every_render
def test_every_container_requests_cpu_memory_and_disk_and_limits_memory(pods):
    wanted = {"cpu", "memory", "ephemeral-storage"}
    for owner, pod in pods.items():
        for container in containers(pod):
            assert wanted <= set(container["resources"]["requests"]), (owner, container["name"])
            assert "memory" in container["resources"]["limits"], (owner, container["name"])


@pytest.mark.parametrize(
    ("repository", "mirrored"),
    [
        ("qwenedit/bot", "mirror.example.com/qwenedit/bot"),
        ("ghcr.io/qwenedit/bot", "mirror.example.com/qwenedit/bot"),
        ("10.0.0.1:5000/a/bot", "mirror.example.com/a/bot"),
        ("localhost/bot", "mirror.example.com/bot"),
    ],
)
def test_mirror_takes_the_place_of_the_registry_that_an_image_names(render, repository, mirrored):
    digest = f"sha256:{'0' * 64}"
    bot = {"token": {"existingSecret": "telegram"}, "image": {"repository": repository, "digest": digest}}
    manifests = render({"bot": bot, "global": {"imageRegistry": "mirror.example.com/"}})
    (deployment,) = of_kind(manifests, "Deployment", "-bot")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == f"{mirrored}@{digest}"


@every_render
def test_every_name_fits_and_is_used_once(manifests):
    names = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(names) == len(set(names))
    for one in manifests:
        # A pod's name is a Deployment's and 17 characters more.
        assert len(one["metadata"]["name"]) <= (63 if one["kind"] != "Deployment" else 52)
        assert all(len(str(value)) <= 63 for value in one["metadata"]["labels"].values())


@every_render
def test_no_pod_may_call_the_kubernetes_api(manifests, pods):
    """Tokens are off for every pod, no policy opens a way there, and there is no right that a token would carry."""
    for owner, pod in pods.items():
        assert pod["spec"]["automountServiceAccountToken"] is False, owner
    for policy in of_kind(manifests, "NetworkPolicy"):
        ports = {port["port"] for rule in policy["spec"].get("egress", []) for port in rule.get("ports", [])}
        assert 6443 not in ports, policy["metadata"]["name"]


@every_render
def test_every_object_is_of_the_namespace(manifests):
    """An installation needs no right over the cluster."""
    assert {one["kind"] for one in manifests} <= NAMESPACED


@every_render
def test_token_is_in_its_secret_and_the_bots_environment_alone(values, manifests):
    token = values["bot"]["token"].get("value")
    for one in manifests:
        text = json.dumps(one)
        if token:
            assert token not in text
            assert (base64.b64encode(token.encode()).decode() in text) is (
                one["kind"] == "Secret" and text.count("-bot") > 0
            )
        assert ("BOT_TOKEN" in text) is (one["kind"] == "Deployment" and one["metadata"]["name"].endswith("-bot"))


@every_render
def test_keda_or_the_deployment_says_how_many_workers(manifests):
    scaled = of_kind(manifests, "ScaledObject")
    worker = the_worker(manifests)
    assert ("replicas" in worker["spec"]) is not bool(scaled)
    for one in scaled:
        assert one["spec"]["scaleTargetRef"]["name"] == worker["metadata"]["name"]


@pytest.mark.parametrize(
    ("values", "formula", "target"),
    [
        ({"jobsPerWorker": 2}, "waiting + running", "2"),
        ({"warmHours": WARM}, "max(waiting + running, warm0)", "1"),
        ({"jobsPerWorker": 2, "warmHours": WARM}, "max(waiting + running, warm0 * 2)", "2"),
    ],
)
def test_keda_goes_by_the_jobs_and_keeps_warm_workers(values, formula, target, render):
    """That KEDA takes them is shown on a cluster."""
    values = {"minReplicas": 0, "maxReplicas": 3, "cooldownPeriod": 60, **values}
    (scaled,) = of_kind(render({"bot": {"token": {"existingSecret": "t"}}, "autoscaling": values}), "ScaledObject")
    assert [scaled["spec"][name] for name in ("minReplicaCount", "maxReplicaCount", "cooldownPeriod")] == [0, 3, 60]
    modifiers = scaled["spec"]["advanced"]["scalingModifiers"]
    assert (modifiers["formula"], modifiers["target"]) == (formula, target)


@every_render
def test_worker_and_comfyui_may_take_longer_to_stop_than_a_job_takes(manifests):
    (config,) = of_kind(manifests, "ConfigMap", "-worker")
    for one in [the_worker(manifests), *of_kind(manifests, "Deployment", "-comfyui")]:
        grace = one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace >= int(config["data"]["COMFYUI_TIMEOUT"]) + 30


@every_render
def test_comfyui_beside_a_worker_starts_first_stops_last_and_is_judged_by_it(manifests):
    pod = the_worker(manifests)["spec"]["template"]["spec"]
    for sidecar in (one for one in pod.get("initContainers", []) if one["name"] == "comfyui"):
        assert pod["initContainers"][-1] is sidecar
        assert sidecar["restartPolicy"] == "Always"
        assert "startupProbe" in sidecar
        assert "lifecycle" not in sidecar  # a preStop would run when termination starts
        assert sidecar["livenessProbe"]["httpGet"] == {"path": "/comfyui/livez", "port": 8080}
        assert "ports" not in sidecar


@every_render
def test_models_are_mounted_read_only_where_they_are_used(pods):
    for owner, pod in pods.items():
        for container in containers(pod):
            for mount in container["volumeMounts"]:
                if mount["name"] == "models":
                    assert mount.get("readOnly", False) is (container["name"] != "download"), owner


@every_render
def test_every_mount_has_its_volume(pods):
    for owner, pod in pods.items():
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]} | {"data"}
        for container in containers(pod):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, owner


@every_render
def test_every_pod_is_denied_everything_that_no_policy_allows(manifests, pods):
    policies = of_kind(manifests, "NetworkPolicy")
    if not policies:
        return
    (deny,) = of_kind(manifests, "NetworkPolicy", "-default-deny")
    assert set(deny["spec"]) == {"podSelector", "policyTypes"}
    assert set(deny["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    for owner, pod in pods.items():
        assert deny["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items(), owner


@every_render
def test_password_of_redis_admin_is_in_redis_own_pod_alone(pods):
    for owner, pod in pods.items():
        keys = {
            variable["valueFrom"]["secretKeyRef"]["key"]
            for container in containers(pod)
            for variable in container.get("env") or []
            if "secretKeyRef" in variable.get("valueFrom", {})
        }
        assert ("admin" in keys) is owner.endswith("-redis"), owner


@every_render
def test_no_secret_is_given_whole_but_the_credentials_of_the_pictures(values, pods):
    credentials = values.get("pictures", {}).get("credentials", {}).values()
    for owner, pod in pods.items():
        for container in containers(pod):
            whole = {each["secretRef"]["name"] for each in container.get("envFrom", []) if "secretRef" in each}
            assert whole <= set(credentials), owner


@every_render
def test_port_53_is_open_to_name_servers_alone(values, manifests):
    """They are kube-dns, OpenShift's and the address of NodeLocal DNSCache, unless the operator names others."""
    dns = values.get("networkPolicy", {}).get("dns", {})
    wanted = dns.get("to", NAME_SERVERS)
    for policy in of_kind(manifests, "NetworkPolicy"):
        rules = policy["spec"].get("egress", [])
        name_servers = [rule.get("to", "anywhere") for rule in rules if opens(rule, 53)]
        assert name_servers == ([wanted] if rules else []), policy["metadata"]["name"]
        others = [rule.get("to", "anywhere") for rule in rules if opens(rule, 5353)]
        assert others == (name_servers if 5353 in dns.get("ports", [5353]) else []), policy["metadata"]["name"]


@every_render
def test_own_redis_syncs_as_its_values_say(values, manifests):
    wanted = values.get("redis", {}).get("persistence", {}).get("appendfsync", "always")
    for config in of_kind(manifests, "ConfigMap", "-redis"):
        assert f"appendfsync {wanted}\n" in config["data"]["valkey.conf"]


@every_render
def test_workers_reach_dns_redis_their_comfyui_the_bucket_and_the_collector_alone(values, manifests):
    extra = 0
    if pictures := values.get("pictures"):
        identity = not pictures.get("credentials")  # which the node's link-local addresses give out
        extra += 1 + identity
    extra += bool(values.get("monitoring", {}).get("traces", {}).get("endpoint"))
    elsewhere = values.get("comfyui", {}).get("placement", "sidecar") != "sidecar"
    for policy in of_kind(manifests, "NetworkPolicy", "-worker"):
        assert len(policy["spec"]["egress"]) == 2 + elsewhere + extra
        assert not any(port["port"] == 443 for rule in policy["spec"]["egress"][:2] for port in rule["ports"])


@every_render
def test_polling_bots_never_overlap(manifests):
    (bot,) = of_kind(manifests, "Deployment", "-bot")
    (config,) = of_kind(manifests, "ConfigMap", "-bot")
    polling = "WEBHOOK_URL" not in config["data"]
    assert (bot["spec"]["strategy"]["type"] == "Recreate") is polling
    assert not polling or bot["spec"]["replicas"] <= 1


@pytest.mark.parametrize(
    ("change", "rolled"),
    [
        ({"bot": {"settings": {"logLevel": "DEBUG"}}}, {"edit-qwenedit-bot"}),
        ({"worker": {"settings": {"logLevel": "DEBUG"}}}, {"edit-qwenedit-worker"}),
        ({"redis": {"maxMemory": "512mb"}}, {"edit-qwenedit-redis"}),
        ({"autoscaling": {"maxReplicas": 9, "cooldownPeriod": 60}}, set()),
        ({"networkPolicy": {"metricsFrom": [{"podSelector": {}}]}}, set()),
    ],
)
def test_changed_value_rolls_only_what_it_changes(change, rolled, render):
    token = {"token": {"existingSecret": "telegram"}}
    templates = [
        {
            one["metadata"]["name"]: one["spec"]["template"]
            for one in render({**extra, "bot": {**token, **extra.get("bot", {})}})
            if one["kind"] in {"Deployment", "StatefulSet", "Job"}
        }
        for extra in cast("tuple[dict[str, Any], ...]", ({}, change))
    ]
    before, after = templates
    assert {name for name, template in after.items() if before.get(name) != template} == rolled
