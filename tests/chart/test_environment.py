"""What the chart tells the services is what they understand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from opentelemetry.sdk.trace import sampling

from qwenedit_bot.app.settings import BotSettings
from qwenedit_jobs import Keys
from qwenedit_telemetry import span_exporter
from qwenedit_worker.settings import WorkerSettings
from tests.chart.conftest import every_render

if TYPE_CHECKING:
    from qwenedit_jobs import RedisSettings

SETTINGS: dict[str, type[RedisSettings]] = {"bot": BotSettings, "worker": WorkerSettings}


def config(manifests, part):
    (found,) = (one for one in manifests if one["kind"] == "ConfigMap" and one["metadata"]["name"].endswith(f"-{part}"))
    return found["data"]


def pod_of(manifests, part):
    (pod,) = (
        one["spec"]["template"]["spec"]
        for one in manifests
        if one["kind"] == "Deployment" and one["metadata"]["name"].endswith(f"-{part}")
    )
    return pod


def policy_of(manifests, part):
    (policy,) = (
        one["spec"]
        for one in manifests
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"].endswith(f"-{part}")
    )
    return policy


def secrets(manifests, part):
    """Names of the variables that come from Secrets."""
    (container,) = pod_of(manifests, part)["containers"]
    return [env["name"] for env in container["env"] if "secretKeyRef" in env.get("valueFrom", {})]


def settings_of(manifests, part):
    """Return a service's settings as it has them in a pod of the chart."""
    words = {name: {"BOT_TOKEN": "1:abc"}.get(name, "word") for name in secrets(manifests, part)}
    with patch.dict(os.environ, config(manifests, part) | words):
        return SETTINGS[part]()


@every_render
def test_settings_take_what_the_chart_says(manifests):
    for part in SETTINGS:
        assert settings_of(manifests, part)


@pytest.mark.parametrize("part", SETTINGS)
def test_chart_and_service_have_the_same_defaults(part, render):
    places = {"redis_url", "probe_host", "comfyui_base_dir"}
    model = SETTINGS[part]
    data = config(render({"bot": {"token": {"existingSecret": "telegram"}}}), part)
    told = model.model_validate({"bot_token": "1:abc"} | {name.lower(): value for name, value in data.items()})
    defaults = model.model_validate({"bot_token": "1:abc"})
    for name in set(model.model_fields) & {name.lower() for name in data} - places:
        assert getattr(told, name) == getattr(defaults, name), name


@every_render
def test_each_service_knows_where_it_runs_for_its_traces(manifests):
    where = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "NODE_NAME": "spec.nodeName"}
    for part in SETTINGS:
        (container,) = pod_of(manifests, part)["containers"]
        fields = {
            env["name"]: env.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath") for env in container["env"]
        }
        assert where.items() <= fields.items()


@pytest.mark.parametrize("part", SETTINGS)
def test_opentelemetry_takes_what_the_chart_says_of_traces(part, render, monkeypatch):
    traces = {
        "endpoint": "http://{{ .Release.Name }}-collector:4318",
        "sampleRatio": 0.25,
        "headers": {"existingSecret": "{{ .Release.Name }}-collector"},
        "resourceAttributes": {"deployment.environment.name": "{{ .Release.Namespace }}, half"},
    }
    manifests = render({"bot": {"token": {"existingSecret": "telegram"}}, "monitoring": {"traces": traces}})
    data = config(manifests, part)
    assert "OTEL_EXPORTER_OTLP_HEADERS" in secrets(manifests, part)
    assert data["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://edit-collector:4318"
    for name, value in data.items():
        if name.startswith("OTEL_"):
            monkeypatch.setenv(name, value)
    assert sampling._get_from_env_or_default().get_description() == (
        "ParentBased{root:TraceIdRatioBased{0.25},remoteParentSampled:AlwaysOnSampler,"
        "remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,"
        "localParentNotSampled:AlwaysOffSampler}"
    )
    told = span_exporter.resource(service=part, version="1").attributes
    assert {
        "service.name": f"qwenedit-{part}",
        "service.version": "1",
        "k8s.container.name": part,
        "k8s.deployment.name": f"edit-qwenedit-{part}",
        "deployment.environment.name": "photos, half",
    }.items() <= told.items()


PEERS = [{"ipBlock": {"cidr": "10.0.0.0/8"}}]


@pytest.mark.parametrize(("part", "secret"), [("bot", "all"), ("worker", "put-get")])
def test_bucket_credentials_certificate_and_way_reach_each_service(part, secret, render):
    pictures = {
        "url": "s3://photos/{{ .Release.Name }}",
        "options": {"AWS_ENDPOINT_URL": "https://minio.{{ .Release.Namespace }}:9000"},
        "credentials": {"existingSecret": "all", "workerSecret": "put-get"},
    }
    values = {"bot": {"token": {"existingSecret": "telegram"}}, "networkPolicy": {"picturesTo": PEERS}}
    manifests = render({**values, "pictures": pictures, "trustedCa": {"existingConfigMap": "own"}})
    data = config(manifests, part)
    assert data["PICTURES_URL"] == "s3://photos/edit"
    assert data["AWS_ENDPOINT_URL"] == "https://minio.photos:9000"
    pod = pod_of(manifests, part)
    (container,) = pod["containers"]
    assert {"secretRef": {"name": secret}} in container["envFrom"]
    (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "ca")
    assert data["SSL_CERT_FILE"] == f"{mount['mountPath']}/ca.crt"
    assert {"ports": [{"protocol": "TCP", "port": 9000}], "to": PEERS} in policy_of(manifests, part)["egress"]


def test_language_model_reaches_the_bot_with_its_port_and_no_other(render):
    model = {"url": "https://{{ .Release.Name }}-llm:8443/v1", "model": "m", "key": {"existingSecret": "llm"}}
    bot = {"token": {"existingSecret": "telegram"}}
    manifests = render({"bot": {**bot, "languageModel": model}, "networkPolicy": {"languageModelTo": PEERS}})
    (container,) = pod_of(manifests, "bot")["containers"]
    assert {"name": "LLM_URL", "value": "https://edit-llm:8443/v1"} in container["env"]
    assert "LLM_API_KEY" in secrets(manifests, "bot")
    assert config(manifests, "bot")["LLM_MODEL"] == "m"
    opened, without = (policy_of(each, "bot")["egress"] for each in (manifests, render({"bot": bot})))
    way = {"ports": [{"protocol": "TCP", "port": 8443}], "to": PEERS}
    assert [rule for rule in opened if rule not in without] == [way]


@pytest.mark.parametrize("part", SETTINGS)
def test_bucket_without_a_secret_is_reached_by_the_service_account(part, render):
    account = {"annotations": {"eks.amazonaws.com/role-arn": part}}
    bot = {"token": {"existingSecret": "telegram"}, "serviceAccount": account}
    manifests = render({"bot": bot, "worker": {"serviceAccount": account}, "pictures": {"url": "s3://photos"}})
    pod = pod_of(manifests, part)
    (named,) = (one for one in manifests if one["kind"] == "ServiceAccount" and one["metadata"]["name"].endswith(part))
    assert pod["serviceAccountName"] == named["metadata"]["name"]
    assert named["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": part}
    egress = policy_of(manifests, part)["egress"]
    assert {"ports": [{"protocol": "TCP", "port": 443}]} in egress
    assert all(agent in str(egress) for agent in ("169.254.170.23/32", "fd00:ec2::23/128"))
    assert "169.254.169.254" not in str(egress), "the node's own credentials are there"


def test_prefix_reaches_the_services_the_users_of_redis_and_keda(render):
    manifests = render({"bot": {"token": {"existingSecret": "telegram"}}, "redis": {"prefix": "studio.2"}})
    assert {config(manifests, part)["REDIS_PREFIX"] for part in SETTINGS} == {"studio.2"}
    assert "qwenedit:" not in config(manifests, "redis")["start.sh"]
    (scaled,) = (one for one in manifests if one["kind"] == "ScaledObject")
    keys = [trigger["metadata"]["listName"] for trigger in scaled["spec"]["triggers"]]
    assert keys == [Keys("studio.2").job_queue, Keys("studio.2").leases]
