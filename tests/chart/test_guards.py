"""Values that cannot work are refused, with the keys and what to do."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import helm_python
import pytest

WORKFLOWS = Path(__file__).parents[2] / "services/comfyui/workflows"
SHIPPED = {path.name.partition(".")[0] for path in WORKFLOWS.glob("*.json")} - {"larger"}
"""All but the one that only enlarges."""
ZONES = ("UTC", "Etc/UTC", "Zulu", "Etc/GMT", "Europe/Berlin", "Asia/Kolkata", "EST")
TOKEN = {"bot.token.existingSecret": "telegram"}
WEBHOOK = {**TOKEN, "bot.mode": "webhook", "bot.webhook.url": "https://bot.example.com/hook"}
BUCKET = {**TOKEN, "pictures.url": "s3://photos"}
EXTERNAL = {**TOKEN, "redis.enabled": False}
SENTINELS = ["sentinel:26379"]
ALERTS = {**TOKEN, "monitoring.alerts.enabled": True, "networkPolicy.metricsFrom": [{"podSelector": {}}]}
WARM = [{"start": "0 9 * * *", "end": "0 17 * * *", "timezone": "UTC", "workers": 9}]

GUARDS: dict[str, tuple[Any, ...]] = {
    "no token": ({}, "bot.token.existingSecret", "bot.token.value", "kubectl create secret"),
    "two tokens": ({**TOKEN, "bot.token.value": "1:a"}, "bot.token.existingSecret", "bot.token.value", "leave one"),
    "token for no hook": (
        {**TOKEN, "bot.moderation.token.existingSecret": "s"},
        "bot.moderation.token",
        "bot.moderation.url",
    ),
    "way to no hook": (
        {**TOKEN, "networkPolicy.moderationTo": [{}]},
        "networkPolicy.moderationTo",
        "bot.moderation.url",
    ),
    "hook of another kind": ({**TOKEN, "bot.moderation.url": "grpc://m"}, "bot.moderation.url", "https://"),
    "backups of a Redis elsewhere": (
        {**EXTERNAL, "redis.external.url": "redis://r", "backup.existingClaim": "b"},
        "backup.existingClaim",
        "redis.enabled=false",
    ),
    "restore from nowhere": ({**TOKEN, "backup.restore": "a.rdb"}, "backup.restore", "backup.existingClaim"),
    "restore at each restart": (
        {**TOKEN, "backup.restore": "a.rdb", "backup.existingClaim": "b", "redis.persistence.enabled": False},
        "backup.restore",
        "redis.persistence.enabled",
    ),
    "packs without a day's number": (
        {**TOKEN, "bot.settings.starPacks": [{"jobs": 1, "stars": 5}]},
        "bot.settings.starPacks",
        "bot.settings.jobsPerDay",
    ),
    "wait beyond the pictures": (
        {**TOKEN, "pictures.ttl": 1800},
        "bot.settings.maxWait is 3600",
        "pictures.ttl 1800",
    ),
    "pictures of another kind": ({**TOKEN, "pictures.url": "ftp://b"}, "pictures.url is ftp://b", "s3://bucket/folder"),
    "pictures in a folder of one machine": ({**TOKEN, "pictures.url": "file:///p"}, "pictures.url is file:///p"),
    "credentials in the bucket's address": (
        {**TOKEN, "pictures.url": "s3://k:s@b"},
        "pictures.url",
        "without credentials",
    ),
    "options of no bucket": (
        {**TOKEN, "pictures.options": {"AWS_REGION": "r"}},
        "pictures.options is set",
        "pictures.url is redis:",
    ),
    "credentials of no bucket": (
        {**TOKEN, "pictures.credentials.existingSecret": "s"},
        "pictures.credentials.existingSecret",
        "pictures.url",
    ),
    "way to no bucket": ({**TOKEN, "networkPolicy.picturesTo": [{}]}, "networkPolicy.picturesTo", "pictures.url"),
    "credentials of the workers alone": (
        {**BUCKET, "pictures.credentials.workerSecret": "s"},
        "pictures.credentials.workerSecret",
        "pictures.credentials.existingSecret",
    ),
    "key in a ConfigMap": (
        {**BUCKET, "pictures.options": {"AWS_SECRET_ACCESS_KEY": "k"}},
        "pictures.options.AWS_SECRET_ACCESS_KEY",
        "pictures.credentials.existingSecret",
    ),
    "two files of presets": (
        {**TOKEN, "bot.presets.file": "categories:", "bot.presets.existingConfigMap": "presets"},
        "bot.presets.file",
        "bot.presets.existingConfigMap",
        "leave one",
    ),
    "polling by two": ({**TOKEN, "bot.replicas": 2}, "bot.replicas is 2", "bot.mode=polling", "bot.mode=webhook"),
    "webhook without address": ({**TOKEN, "bot.mode": "webhook"}, "bot.mode=webhook", "bot.webhook.url"),
    "webhook without TLS": ({**WEBHOOK, "bot.webhook.url": "http://bot"}, "bot.webhook.url is http://bot", "https"),
    "port that Telegram does not call": (
        {**WEBHOOK, "bot.webhook.url": "https://bot.example.com:9443/hook"},
        "bot.webhook.url has the port 9443",
        "8443",
    ),
    "Bot API without scheme": (
        {**TOKEN, "bot.settings.telegramApiUrl": "api.example.com"},
        "bot.settings.telegramApiUrl is api.example.com",
        "https://",
    ),
    "password of the proxy": ({**TOKEN, "proxy.url": "http://u:p@proxy"}, "proxy.url", "proxy.existingSecret"),
    "proxy of another kind": ({**TOKEN, "proxy.url": "https://proxy:3128"}, "proxy.url must be http://HOST:PORT"),
    "names without a proxy": ({**TOKEN, "proxy.noProxy": ["a"]}, "proxy.noProxy", "set proxy.url"),
    "memory above its limit": (
        {**TOKEN, "bot.resources.requests.memory": "2Gi"},
        "bot.resources.requests.memory is 2Gi",
        "bot.resources.limits.memory=1152Mi",
        "lower the request",
    ),
    "cores above their limit": (
        {**TOKEN, "comfyui.resources.limits.cpu": 1.5},
        "comfyui.resources.requests.cpu is 2",
        "limits.cpu=1.5",
    ),
    "variable beside its value": (
        {**TOKEN, "bot.pod.env": [{"name": "MAX_WAIT", "value": "9"}]},
        "bot.pod.env has MAX_WAIT",
        "values.yaml",
    ),
    "variable beside its Secret": (
        {**TOKEN, "bot.pod.env": [{"name": "BOT_TOKEN", "value": "1:a"}]},
        "bot.pod.env has BOT_TOKEN",
    ),
    "password beside its Secret": (
        {**TOKEN, "worker.pod.env": [{"name": "REDIS_PASSWORD", "value": "a"}]},
        "worker.pod.env has REDIS_PASSWORD",
    ),
    "workflow of no image": (
        {**TOKEN, "worker.settings.workflow": "flux"},
        "worker.settings.workflow is flux",
        "qwen-image-edit-2511-fast",
        "/workflows/flux.json",
    ),
    "time zone of no place": (
        {**TOKEN, "autoscaling.warmHours": [{**WARM[0], "workers": 1, "timezone": "Mars/Base"}]},
        "autoscaling.warmHours has the time zone Mars/Base",
        "Europe/Berlin",
    ),
    "two GPUs for one ComfyUI": (
        {**TOKEN, "comfyui.gpu.count": 2},
        "comfyui.gpu.count is 2",
        "autoscaling.maxReplicas",
    ),
    "number of workers beside KEDA": (
        {**TOKEN, "worker.replicas": 3},
        "worker.replicas is 3",
        "autoscaling.maxReplicas",
        "autoscaling.enabled=false",
    ),
    "address without webhook": ({**WEBHOOK, "bot.mode": "polling"}, "bot.webhook.url", "bot.mode=polling"),
    "webhook that nobody reaches": (WEBHOOK, "bot.webhook.from", "networkPolicy.enabled"),
    "external ComfyUI without address": ({**TOKEN, "comfyui.placement": "external"}, "comfyui.external.url"),
    "address of a ComfyUI that runs here": (
        {**TOKEN, "comfyui.external.url": "http://comfyui"},
        "comfyui.external.url",
        "comfyui.placement=sidecar",
    ),
    "two places for models": (
        {**TOKEN, "models.volume": {"emptyDir": {}}, "models.claim.existingClaim": "weights"},
        "models.volume",
        "models.claim.existingClaim",
    ),
    "claim for one pod alone": (
        {**TOKEN, "models.claim.accessModes": ["ReadWriteOncePod"], "autoscaling.maxReplicas": 4},
        "edit-qwenedit-models is ReadWriteOncePod",
        "autoscaling.maxReplicas allows 4",
        "docs/models.md",
    ),
    "claim that the download cannot fill": (
        {**TOKEN, "models.claim.accessModes": ["ReadOnlyMany"]},
        "edit-qwenedit-models is ReadOnlyMany",
        "models.download.enabled=false",
    ),
    "models on each node of all": (
        {**TOKEN, "models.download.onEachNode": True},
        "models.download.onEachNode",
        "models.download.pod.nodeSelector",
    ),
    "most below least": (
        {**TOKEN, "autoscaling.minReplicas": 5},
        "autoscaling.maxReplicas is 1",
        "autoscaling.minReplicas=5",
    ),
    "warm beyond most": (
        {**TOKEN, "autoscaling.warmHours": WARM},
        "autoscaling.warmHours",
        "autoscaling.maxReplicas=1",
    ),
    "external Redis without address": (EXTERNAL, "redis.enabled=false", "redis.external.url"),
    "two Redis": ({**TOKEN, "redis.external.url": "redis://r"}, "redis.external", "redis.enabled=true"),
    "password in the address": (
        {**EXTERNAL, "redis.external.url": "redis://u:p@r"},
        "redis.external.url",
        "redis.external.existingSecret",
    ),
    "address of another kind": (
        {**EXTERNAL, "redis.external.url": "http://r"},
        "redis.external.url is http://r",
        "rediss://",
    ),
    "Sentinels without master": (
        {**EXTERNAL, "redis.external.sentinel.addresses": SENTINELS},
        "redis.external.url",
        "redis.external.sentinel.addresses",
        "MASTER",
    ),
    "user without password": (
        {**EXTERNAL, "redis.external.url": "redis://r", "redis.external.username": "u"},
        "redis.external.username",
        "redis.external.existingSecret",
    ),
    "collector without scheme": (
        {**TOKEN, "monitoring.traces.endpoint": "collector:4318"},
        "monitoring.traces.endpoint is collector:4318",
        "http://",
        "https://",
    ),
    "headers without collector": (
        {**TOKEN, "monitoring.traces.headers.existingSecret": "collector"},
        "monitoring.traces.headers.existingSecret",
        "monitoring.traces.endpoint",
    ),
    "way to no collector": (
        {**TOKEN, "networkPolicy.collectorTo": [{"podSelector": {}}]},
        "networkPolicy.collectorTo",
        "monitoring.traces.endpoint",
    ),
    "metrics that nobody reads": (
        {**TOKEN, "monitoring.podMonitor.enabled": True},
        "networkPolicy.metricsFrom",
        "monitoring.podMonitor.enabled",
        "networkPolicy.enabled=false",
    ),
    "alerts on metrics that nobody reads": (
        {**TOKEN, "monitoring.alerts.enabled": True},
        "networkPolicy.metricsFrom",
        "monitoring.alerts.enabled",
    ),
    "memory that a fork overflows": (
        {**TOKEN, "redis.maxMemory": "4gb"},
        "redis.resources.limits.memory is 2Gi",
        "redis.maxMemory=4gb",
        "at least 8192Mi",
    ),
    "volume that a rewrite overflows": (
        {**TOKEN, "redis.maxMemory": "4gb", "redis.resources.limits.memory": "8Gi"},
        "redis.persistence.size is 8Gi",
        "redis.maxMemory=4gb",
        "at least 12288Mi",
        "docs/upgrades.md",
    ),
    "threshold of an alert that has none": (
        {**ALERTS, "monitoring.alerts.rules.QweneditBotDown.threshold": 1},
        "monitoring.alerts.rules.QweneditBotDown.threshold",
        "no threshold",
    ),
    "threshold below the least": (
        {**ALERTS, "monitoring.alerts.rules.QweneditWorkersLost.threshold": 0},
        "monitoring.alerts.rules.QweneditWorkersLost.threshold is 0",
        "at least 1 (jobs)",
    ),
    "percent above all": (
        {**ALERTS, "monitoring.alerts.rules.QweneditTelegramRejects.threshold": "100"},
        "monitoring.alerts.rules.QweneditTelegramRejects.threshold is 100",
        "less than 100 (%)",
    ),
    "label that selects": (
        {**TOKEN, "commonLabels": {"app.kubernetes.io/instance": "a"}},
        "commonLabels",
        "app.kubernetes.io/instance",
    ),
    "pod's label that selects": (
        {**TOKEN, "worker.pod.labels": {"app.kubernetes.io/component": "a"}},
        "worker.pod.labels",
        "app.kubernetes.io/component",
    ),
    "tag beside a digest": (
        {**TOKEN, "bot.image.digest": f"sha256:{'0' * 64}", "bot.image.tag": "0.2.0"},
        "bot.image.digest is set",
        "the tag 0.2.0",
        "to an empty text",
    ),
    "tag of all beside a digest": (
        {**TOKEN, "worker.image.digest": f"sha256:{'0' * 64}", "image.tag": "dev"},
        "worker.image.digest is set",
        "the tag dev",
    ),
    "an image of no version": ({**TOKEN, "image.tag": "latest"}, "qwenedit/", "latest", "digest"),
}

REFUSED_BY_SCHEMA: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt key": ({**TOKEN, "bot.tokn": "x"}, "'tokn' not allowed"),
    "misspelt section": ({**TOKEN, "autoscalling.enabled": False}, "'autoscalling' not allowed"),
    "budget too small": ({**TOKEN, "worker.settings.comfyuiTimeout": 100}, "/worker/settings/comfyuiTimeout"),
    "lease too short": ({**TOKEN, "worker.settings.lease": 9}, "/worker/settings/lease"),
    "no such placement": ({**TOKEN, "comfyui.placement": "cloud"}, "/comfyui/placement"),
    "pull secret without a name": ({**TOKEN, "global.imagePullSecrets": [{"nam": "x"}]}, "/global/imagePullSecrets/0"),
    "no digest": ({**TOKEN, "worker.image.digest": "sha256:1"}, "/worker/image/digest"),
    "no token": ({"bot.token.value": "secret"}, "/bot/token/value"),
    "webhook that is no address": ({**TOKEN, "bot.webhook.url": "bot.example.com"}, "/bot/webhook/url"),
    "traces more than all": ({**TOKEN, "monitoring.traces.sampleRatio": 2}, "/monitoring/traces/sampleRatio"),
    "no such alert": ({**TOKEN, "monitoring.alerts.rules.QweneditJobFails.enabled": False}, "QweneditJobFails"),
    "threshold by another name": (
        {**TOKEN, "monitoring.alerts.rules.QweneditWorkersLost.seconds": 1800},
        "/monitoring/alerts/rules/QweneditWorkersLost",
    ),
    "promise without an alert": (
        {**TOKEN, "monitoring.alerts.objectives.success": 90},
        "/monitoring/alerts/objectives/success",
    ),
    "between two bounds": (
        {**TOKEN, "monitoring.alerts.objectives.answerSeconds": 100},
        "/monitoring/alerts/objectives/answerSeconds",
    ),
    "more workers than anybody has": ({**TOKEN, "autoscaling.maxReplicas": 1001}, "/autoscaling/maxReplicas"),
    "no hash": (
        {**TOKEN, "models.files": [{"path": "a", "url": "https://a", "sha256": "1"}]},
        "/models/files/0/sha256",
    ),
}


def nested(flat):
    """Make `{"a": {"b": 1}}` of `{"a.b": 1}`."""
    values: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = path.split(".")
        level = values
        for key in parents:
            level = level.setdefault(key, {})
        level[last] = copy.deepcopy(value)
    return values


def test_guard_names_the_keys_and_the_fix(render, subtests):
    for case, (flat, *fragments) in GUARDS.items():
        with subtests.test(case):
            with pytest.raises(helm_python.HelmRenderError) as refused:
                render(nested(flat))
            assert [fragment for fragment in fragments if fragment not in str(refused.value)] == []


TAKEN: tuple[dict[str, Any], ...] = (
    {"redis.maxMemory": "1gb", "redis.resources.limits.memory": "2147483648", "redis.persistence.size": "3221225472"},
    {"redis.maxMemory": "512mb", "redis.resources.limits.memory": "1.5G", "redis.persistence.size": "1.5Gi"},
    {"redis.maxMemory": "4gb", "redis.resources.limits.memory": None, "redis.persistence.size": "0.1Ti"},
    {"redis.maxMemory": "4gb", "redis.resources.limits.memory": "8e9", "redis.persistence.existingClaim": "queue"},
    {"redis.maxMemory": "4gb", "redis.resources.limits.memory": "8Gi", "redis.persistence.enabled": False},
    *({"autoscaling.warmHours": [{**WARM[0], "workers": 1, "timezone": zone}]} for zone in ZONES),
    *({"worker.settings.workflow": workflow} for workflow in (*SHIPPED, "/workflows/mine.json")),
    {
        **EXTERNAL, "redis.external.url": "redis://r", "bot.pod.env": [{"name": "REDIS_PASSWORD", "value": "a"}],
    },
    {"global.team": "photos"},
)  # fmt: skip
"""What comes near to what is refused."""


def test_values_that_can_work_are_taken(render, subtests):
    for flat in TAKEN:
        with subtests.test(str(flat)):
            assert render(nested(TOKEN | flat))


def test_schema_names_the_key(render, subtests):
    for case, (flat, fragment) in REFUSED_BY_SCHEMA.items():
        with subtests.test(case), pytest.raises(helm_python.HelmValuesError, match=re.escape(fragment)):
            render(nested(flat))
