"""Renders of the chart: each example, and variants that together reach every template."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import helm_python
import pytest
import yaml

from tests.chart.goldens import CHART, EXAMPLES, NAMESPACE, RELEASE, manifests_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ROOT = Path(__file__).parents[2]
TOKEN: dict[str, Any] = {"bot": {"token": {"existingSecret": "telegram"}}}
WEBHOOK: dict[str, Any] = {
    "mode": "webhook",
    "replicas": 2,
    "token": {"existingSecret": "telegram"},
    "webhook": {"url": "https://bot.example.com/hook", "from": [{"podSelector": {"matchLabels": {"app": "ingress"}}}]},
}
FILES = [{"path": "vae/a.safetensors", "url": "https://models.example.com:8443/a", "sha256": "a" * 64}]
VARIANTS: dict[str, dict[str, Any]] = {
    "token-value": {"bot": {"token": {"value": "1:abc"}}},
    "webhook": {"bot": WEBHOOK},
    "webhook-without-ingress": {"bot": {**WEBHOOK, "webhook": {**WEBHOOK["webhook"], "ingress": {"enabled": False}}}},
    "webhook-behind-a-gateway": {
        "ipFamilies": ["IPv6", "IPv4"],
        "bot": {**WEBHOOK, "webhook": {**WEBHOOK["webhook"], "httpRoute": {"parentRefs": [{"name": "public"}]}}},
    },
    "no-autoscaling": {**TOKEN, "autoscaling": {"enabled": False}},
    "standalone": {**TOKEN, "comfyui": {"placement": "standalone", "gpu": {"count": 0}}},
    "ipv6": {**TOKEN, "comfyui": {"placement": "standalone"}, "ipFamilies": ["IPv6"]},
    "external-comfyui": {
        **TOKEN,
        "comfyui": {"placement": "external", "external": {"url": "https://comfyui.example.com"}},
    },
    "models-list": {**TOKEN, "models": {"files": FILES}},
    "models-volume": {**TOKEN, "models": {"volume": {"csi": {"driver": "models.example.com", "readOnly": True}}}},
    "models-claim": {**TOKEN, "models": {"claim": {"existingClaim": "weights"}, "download": {"enabled": False}}},
    "models-on-each-node": {
        **TOKEN,
        "models": {
            "claim": {"existingClaim": "node"},
            "download": {"onEachNode": True, "pod": {"nodeSelector": {"gpu": "a"}}},
        },
    },
    "no-models": {**TOKEN, "models": {"enabled": False}},
    "redis-synced": {**TOKEN, "redis": {"persistence": {"appendfsync": "everysec"}}},
    "redis-in-memory": {**TOKEN, "redis": {"persistence": {"enabled": False}}},
    "redis-claim": {**TOKEN, "redis": {"persistence": {"existingClaim": "queue"}, "auth": {"existingSecret": "users"}}},
    "redis-without-password": {**TOKEN, "redis": {"enabled": False, "external": {"url": "redis://redis.data"}}},
    "redis-tls": {
        **TOKEN,
        "trustedCa": {"existingConfigMap": "ca", "key": "ca-bundle.crt"},
        "redis": {"enabled": False, "external": {"url": "rediss://redis.data:6380/3"}},
    },
    "backups": {**TOKEN, "backup": {"existingClaim": "{{ .Release.Name }}-backups"}},
    "restore": {**TOKEN, "backup": {"existingClaim": "backups", "restore": "a.rdb"}},
    "pictures-in-a-bucket": {
        **TOKEN,
        "pictures": {
            "url": "s3://{{ .Release.Name }}/pictures",
            "options": {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "https://minio.{{ .Release.Namespace }}:9000"},
            "credentials": {"existingSecret": "minio-bot", "workerSecret": "minio-worker"},
        },
        "trustedCa": {"existingConfigMap": "{{ .Release.Name }}-ca"},
    },
    "pictures-by-identity": {
        **TOKEN,
        "pictures": {"url": "gs://photos"},
        "worker": {"serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": "worker@p"}}},
    },
    "warm-hours": {
        **TOKEN,
        "autoscaling": {
            "jobsPerWorker": 2,
            "warmHours": [{"start": "0 9 * * *", "end": "0 17 * * *", "timezone": "UTC", "workers": 1}],
        },
    },
    "traces": {
        **TOKEN,
        "monitoring": {
            "traces": {
                "endpoint": "https://{{ .Release.Name }}.traces.example.com",
                "sampleRatio": 0.25,
                "resourceAttributes": {"deployment.environment.name": "a, b"},
            }
        },
    },
    "open": {**TOKEN, "networkPolicy": {"enabled": False}},
    "names": {
        **TOKEN,
        "fullnameOverride": "{{ .Release.Name }}-a-rather-long-name-for-a-chart-of-photos",
        "commonLabels": {"team": "photos"},
        "global": {"imageRegistry": "registry.example.com/", "imagePullSecrets": ["pull", {"name": "other"}]},
    },
}

Manifest = dict[str, Any]


def load_example(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART / f"examples/{name}/values.yaml").read_text())
    return values


@pytest.fixture(scope="session")
def helm_chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as chart:
        yield chart


@pytest.fixture(scope="session")
def render(helm_chart: helm_python.Chart) -> Callable[..., list[Manifest]]:
    """Render values to manifests, with the schema checked first as an installation does."""

    def manifests(values: dict[str, Any], *, name: str = RELEASE, namespace: str = NAMESPACE) -> list[Manifest]:
        helm_chart.validate_schema(values)
        return manifests_in(helm_chart.render(values, name=name, namespace=namespace))

    return manifests


@dataclass(frozen=True)
class Render:
    """What values render to."""

    name: str
    values: dict[str, Any]
    manifests: list[Manifest]

    @cached_property
    def pods(self) -> dict[str, Manifest]:
        """Pod templates by their owner's kind and name."""
        found: dict[str, Manifest] = {}
        for one in self.manifests:
            owner = f"{one['kind']}/{one['metadata']['name']}"
            if one["kind"] in {"DaemonSet", "Deployment", "StatefulSet", "Job"}:
                found[owner] = one["spec"]["template"]
            elif one["kind"] == "CronJob":
                found[owner] = one["spec"]["jobTemplate"]["spec"]["template"]
            elif one["kind"] == "Pod":
                found[owner] = one
        return found


@pytest.fixture(scope="session")
def renders(render: Callable[..., list[Manifest]]) -> list[Render]:
    """Every render there is."""
    named = {f"examples/{name}": load_example(name) for name in EXAMPLES} | VARIANTS
    return [Render(name, values, render(values)) for name, values in named.items()]


def every_render(look: Callable[..., None]) -> Callable[..., None]:
    """Make a test look at every render, by `values`, `manifests` and `pods`; it names those that it fails at."""
    wanted = inspect.signature(look).parameters

    def test(renders: list[Render], subtests: pytest.Subtests) -> None:
        for one in renders:
            with subtests.test(one.name):
                look(**{name: getattr(one, name) for name in wanted})

    test.__name__, test.__doc__ = look.__name__, look.__doc__
    return test
