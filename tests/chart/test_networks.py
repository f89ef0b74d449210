"""The ways in and out of the pods: IP families, a gateway, and whom they trust."""

from __future__ import annotations

import json
import re

import pytest

from tests.chart.conftest import TOKEN, WEBHOOK, load_example
from tests.chart.test_environment import config, pod_of, policy_of
from tests.chart.test_properties import containers, of_kind

STANDALONE = {"comfyui": {"placement": "standalone"}}
IPV4 = "0.0.0.0"  # noqa: S104 - what ComfyUI is told
GATEWAY = [{"name": "public", "namespace": "{{ .Release.Namespace }}"}]


@pytest.mark.parametrize(
    ("families", "policy"), [(["IPv6"], "SingleStack"), (["IPv6", "IPv4"], "RequireDualStack"), ([], None)]
)
def test_every_service_has_the_ip_families_of_the_values(render, families, policy):
    services = of_kind(render({**STANDALONE, "bot": WEBHOOK, "ipFamilies": families}), "Service")
    assert len(services) == 3
    for service in services:
        assert service["spec"].get("ipFamilies", []) == families
        assert service["spec"].get("ipFamilyPolicy") == policy


@pytest.mark.parametrize(("families", "listen"), [(["IPv6"], f"{IPV4},::"), (["IPv4"], IPV4), ([], IPV4)])
def test_standalone_comfyui_listens_on_ipv6_if_the_services_have_it(render, families, listen):
    (comfyui,) = of_kind(render({**TOKEN, **STANDALONE, "ipFamilies": families}), "Deployment", "-comfyui")
    (container,) = comfyui["spec"]["template"]["spec"]["containers"]
    assert f"--listen={listen}" in container["args"]


def test_comfyui_beside_a_worker_listens_to_its_pod_alone(render):
    """It asks nobody who they are."""
    (comfyui,) = (one for one in pod_of(render(TOKEN), "worker")["initContainers"] if one["name"] == "comfyui")
    assert "--listen=127.0.0.1" in comfyui["args"]


def test_gateway_takes_the_place_of_the_ingress(render):
    webhook = {**WEBHOOK["webhook"], "url": "https://bot.example.com:8443/hook", "httpRoute": {"parentRefs": GATEWAY}}
    manifests = render({"bot": {**WEBHOOK, "webhook": webhook}})
    (route,) = of_kind(manifests, "HTTPRoute")
    assert of_kind(manifests, "Ingress") == []
    assert route["spec"] == {
        "parentRefs": [{"name": "public", "namespace": "photos"}],
        "hostnames": ["bot.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "Exact", "value": "/hook"}}],
                "backendRefs": [{"name": "edit-qwenedit-bot", "port": 8443}],
            }
        ],
    }


def test_private_authority_reaches_every_part(render):
    values = {
        **TOKEN,
        "trustedCa": {"existingConfigMap": "{{ .Release.Name }}-ca", "key": "ca-bundle.crt"},
        "redis": {"enabled": False, "external": {"url": "rediss://redis.data"}},
        "monitoring": {"traces": {"endpoint": "https://collector"}},
    }
    manifests = render(values)
    (authentication,) = of_kind(manifests, "TriggerAuthentication")
    ca = {"name": "edit-ca", "key": "ca-bundle.crt"}
    assert authentication["spec"] == {"configMapTargetRef": [{"parameter": "ca", **ca}]}
    for part in ("bot", "worker"):
        data = config(manifests, part)
        assert data["SSL_CERT_FILE"] == data["OTEL_EXPORTER_OTLP_CERTIFICATE"] == "/etc/qwenedit/ca/ca.crt"
    (download,) = containers(of_kind(manifests, "Job")[0]["spec"]["template"])
    assert {"name": "SSL_CERT_FILE", "value": "/etc/qwenedit/ca/ca.crt"} in download["env"]
    for one in [*of_kind(manifests, "Deployment"), *of_kind(manifests, "Job"), *of_kind(manifests, "Pod", "-selftest")]:
        spec = one["spec"]["template"]["spec"] if one["kind"] != "Pod" else one["spec"]
        (volume,) = (volume for volume in spec["volumes"] if volume["name"] == "ca")
        assert volume["configMap"] == {"name": "edit-ca", "items": [{"key": "ca-bundle.crt", "path": "ca.crt"}]}
        assert {"name": "ca", "mountPath": "/etc/qwenedit/ca", "readOnly": True} in spec["containers"][0][
            "volumeMounts"
        ]


PROXY = {"url": "http://proxy:3128", "noProxy": ["minio.example.com"]}


def proxied(manifests):
    """Return the variables of the proxy by part, for the parts whose policy opens its port as well."""
    found = {}
    for part, template in {
        "bot": pod_of(manifests, "bot"),
        "worker": pod_of(manifests, "worker"),
        "models": of_kind(manifests, "Job")[0]["spec"]["template"]["spec"],
        "test": of_kind(manifests, "Pod", "-selftest")[0]["spec"],
    }.items():
        (container,) = template["containers"]
        env = {env["name"]: env for env in container.get("env", [])}
        told = {name: env[name] for name in ("HTTPS_PROXY", "NO_PROXY") if name in env}
        opened = {"ports": [{"protocol": "TCP", "port": 3128}]} in policy_of(manifests, part)["egress"]
        assert opened == bool(told), part
        if told:
            found[part] = told
    return found


def test_proxy_reaches_the_pods_that_speak_to_the_outside_and_no_other(render):
    assert proxied(render(TOKEN)) == {}
    found = proxied(render({**TOKEN, "proxy": PROXY}))
    assert set(found) == {"bot", "models"}
    assert found["bot"]["HTTPS_PROXY"] == {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}
    assert found["bot"]["NO_PROXY"]["value"] == "localhost,127.0.0.1,::1,.svc,.cluster.local,minio.example.com"
    bucket = {"pictures": {"url": "s3://photos"}}
    assert set(proxied(render({**TOKEN, **bucket, "proxy": PROXY}))) == {"bot", "worker", "models", "test"}


def test_password_of_the_proxy_stays_in_its_secret(render):
    found = proxied(render({**TOKEN, "proxy": {**PROXY, "existingSecret": "{{ .Release.Name }}-proxy"}}))
    assert found["bot"]["HTTPS_PROXY"]["valueFrom"] == {"secretKeyRef": {"name": "edit-proxy", "key": "url"}}


@pytest.mark.parametrize("scaled", [True, False])
def test_redis_lets_in_its_own_clients_and_keda_where_that_scales(render, scaled):
    values = {"autoscaling": {"enabled": scaled}, "networkPolicy": {"kedaNamespace": "scalers"}}
    (rule,) = policy_of(render({**TOKEN, **values}), "redis")["ingress"]
    parts = {peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in rule["from"][:4]}
    assert parts == {"bot", "worker", "test", "backup"}
    keda = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "scalers"}}}
    assert rule["from"][4:] == [keda] * scaled


def test_prometheus_asks_bot_and_worker_where_they_answer(render):
    scraped = {"monitoring": {"podMonitor": {"enabled": True}}, "networkPolicy": {"metricsFrom": [{"podSelector": {}}]}}
    monitors = of_kind(render({**TOKEN, **scraped}), "PodMonitor")
    for one, part in zip(monitors, ("bot", "worker"), strict=True):
        assert one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] == part
        assert one["spec"]["podMetricsEndpoints"] == [{"port": "probes", "path": "/metrics", "interval": "30s"}]


def test_name_servers_are_asked_at_the_ports_of_the_values(render):
    manifests = render({**TOKEN, "networkPolicy": {"dns": {"ports": [8053]}}})
    assert policy_of(manifests, "bot")["egress"][0]["ports"] == [
        {"protocol": "UDP", "port": 8053},
        {"protocol": "TCP", "port": 8053},
    ]


def test_ingress_is_one_that_openshift_makes_a_route_of(render):
    """It makes none of an exact path, and none if the Secret of a host with TLS is missing."""
    (ingress,) = of_kind(render(load_example("openshift")), "Ingress")
    (rule,) = ingress["spec"]["rules"]
    assert [path["pathType"] for path in rule["http"]["paths"]] == ["Prefix"]
    assert all("secretName" in tls for tls in ingress["spec"].get("tls", []))


def test_openshift_chooses_every_user_and_group(render):
    manifests = render(load_example("openshift"))
    assert re.findall(r"runAsUser|runAsGroup|fsGroup(?!ChangePolicy)", json.dumps(manifests)) == []
