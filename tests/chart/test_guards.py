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
WEBHOOK = {"bot.mode": "webhook", "bot.webhook.url": "https://bot.example.com/hook"}
BUCKET = {"pictures.url": "s3://photos"}
EXTERNAL = {"redis.enabled": False}
SENTINELS = ["sentinel:26379"]
ALERTS = {"monitoring.alerts.enabled": True, "networkPolicy.metricsFrom": [{"podSelector": {}}]}
WARM = [{"start": "0 9 * * *", "end": "0 17 * * *", "timezone": "UTC", "workers": 9}]

GUARDS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"bot.token.existingSecret": ""}, "bot.token.existingSecret | bot.token.value | kubectl create secret"),
    ({"bot.token.value": "1:a"}, "bot.token.existingSecret | bot.token.value | leave one"),
    ({"bot.moderation.token.existingSecret": "s"}, "bot.moderation.token | bot.moderation.url"),
    ({"networkPolicy.moderationTo": [{}]}, "networkPolicy.moderationTo | bot.moderation.url"),
    ({"bot.moderation.url": "grpc://m"}, "bot.moderation.url | https://"),
    ({"bot.languageModel.url": "http://m/v1"}, "bot.languageModel.url | bot.languageModel.model"),
    ({"bot.languageModel.key.existingSecret": "s"}, "bot.languageModel.key | bot.languageModel.url"),
    ({"bot.languageModel.url": "grpc://m", "bot.languageModel.model": "m"}, "bot.languageModel.url | https://"),
    (
        {**EXTERNAL, "redis.external.url": "redis://r", "backup.existingClaim": "b"},
        "backup.existingClaim | redis.enabled=false",
    ),
    ({"backup.restore": "a.rdb"}, "backup.restore | backup.existingClaim"),
    (
        {"backup.restore": "a.rdb", "backup.existingClaim": "b", "redis.persistence.enabled": False},
        "backup.restore | redis.persistence.enabled",
    ),
    ({"bot.settings.starPacks": [{"jobs": 1, "stars": 5}]}, "bot.settings.starPacks | bot.settings.jobsPerDay"),
    ({"pictures.ttl": 1800}, "bot.settings.maxWait is 3600 | pictures.ttl 1800"),
    ({"pictures.url": "ftp://b"}, "pictures.url is ftp://b | s3://bucket/folder"),
    ({"pictures.url": "file:///p"}, "pictures.url is file:///p"),
    ({"pictures.url": "s3://k:s@b"}, "pictures.url | without credentials"),
    ({"pictures.options": {"AWS_REGION": "r"}}, "pictures.options is set | pictures.url is redis:"),
    ({"pictures.credentials.existingSecret": "s"}, "pictures.credentials.existingSecret | pictures.url"),
    ({"networkPolicy.picturesTo": [{}]}, "networkPolicy.picturesTo | pictures.url"),
    (
        {**BUCKET, "pictures.credentials.workerSecret": "s"},
        "pictures.credentials.workerSecret | pictures.credentials.existingSecret",
    ),
    (
        {**BUCKET, "pictures.options": {"AWS_SECRET_ACCESS_KEY": "k"}},
        "pictures.options.AWS_SECRET_ACCESS_KEY | pictures.credentials.existingSecret",
    ),
    (
        {"bot.presets.file": "categories:", "bot.presets.existingConfigMap": "presets"},
        "bot.presets.file | bot.presets.existingConfigMap | leave one",
    ),
    ({"bot.replicas": 2}, "bot.replicas is 2 | bot.mode=polling | bot.mode=webhook"),
    ({"bot.mode": "webhook"}, "bot.mode=webhook | bot.webhook.url"),
    ({**WEBHOOK, "bot.webhook.url": "http://bot"}, "bot.webhook.url is http://bot | https"),
    ({**WEBHOOK, "bot.webhook.url": "https://bot.example.com:9443/hook"}, "bot.webhook.url has the port 9443 | 8443"),
    ({"bot.settings.telegramApiUrl": "api.example.com"}, "bot.settings.telegramApiUrl is api.example.com | https://"),
    ({"proxy.url": "http://u:p@proxy"}, "proxy.url | proxy.existingSecret"),
    ({"proxy.url": "https://proxy:3128"}, "proxy.url must be http://HOST:PORT"),
    ({"proxy.noProxy": ["a"]}, "proxy.noProxy | set proxy.url"),
    (
        {"bot.resources.requests.memory": "2Gi"},
        "bot.resources.requests.memory is 2Gi | bot.resources.limits.memory=1152Mi | lower the request",
    ),
    ({"comfyui.resources.limits.cpu": 1.5}, "comfyui.resources.requests.cpu is 2 | limits.cpu=1.5"),
    ({"bot.pod.env": [{"name": "MAX_WAIT", "value": "9"}]}, "bot.pod.env has MAX_WAIT | values.yaml"),
    ({"bot.pod.env": [{"name": "BOT_TOKEN", "value": "1:a"}]}, "bot.pod.env has BOT_TOKEN"),
    ({"worker.pod.env": [{"name": "REDIS_PASSWORD", "value": "a"}]}, "worker.pod.env has REDIS_PASSWORD"),
    (
        {"worker.settings.workflow": "flux"},
        "worker.settings.workflow is flux | qwen-image-edit-2511-fast | /workflows/flux.json",
    ),
    (
        {"autoscaling.warmHours": [{**WARM[0], "workers": 1, "timezone": "Mars/Base"}]},
        "autoscaling.warmHours has the time zone Mars/Base | Europe/Berlin",
    ),
    ({"comfyui.gpu.count": 2}, "comfyui.gpu.count is 2 | autoscaling.maxReplicas"),
    ({"worker.replicas": 3}, "worker.replicas is 3 | autoscaling.maxReplicas | autoscaling.enabled=false"),
    ({**WEBHOOK, "bot.mode": "polling"}, "bot.webhook.url | bot.mode=polling"),
    (WEBHOOK, "bot.webhook.from | networkPolicy.enabled"),
    ({"comfyui.placement": "external"}, "comfyui.external.url"),
    ({"comfyui.external.url": "http://comfyui"}, "comfyui.external.url | comfyui.placement=sidecar"),
    (
        {"models.volume": {"emptyDir": {}}, "models.claim.existingClaim": "weights"},
        "models.volume | models.claim.existingClaim",
    ),
    (
        {"models.claim.accessModes": ["ReadWriteOncePod"], "autoscaling.maxReplicas": 4},
        "edit-qwenedit-models is ReadWriteOncePod | autoscaling.maxReplicas allows 4 | docs/models.md",
    ),
    (
        {"models.claim.accessModes": ["ReadOnlyMany"]},
        "edit-qwenedit-models is ReadOnlyMany | models.download.enabled=false",
    ),
    ({"models.download.onEachNode": True}, "models.download.onEachNode | models.download.pod.nodeSelector"),
    ({"autoscaling.minReplicas": 5}, "autoscaling.maxReplicas is 1 | autoscaling.minReplicas=5"),
    ({"autoscaling.warmHours": WARM}, "autoscaling.warmHours | autoscaling.maxReplicas=1"),
    (EXTERNAL, "redis.enabled=false | redis.external.url"),
    ({"redis.external.url": "redis://r"}, "redis.external | redis.enabled=true"),
    ({**EXTERNAL, "redis.external.url": "redis://u:p@r"}, "redis.external.url | redis.external.existingSecret"),
    ({**EXTERNAL, "redis.external.url": "http://r"}, "redis.external.url is http://r | rediss://"),
    (
        {**EXTERNAL, "redis.external.sentinel.addresses": SENTINELS},
        "redis.external.url | redis.external.sentinel.addresses | MASTER",
    ),
    (
        {**EXTERNAL, "redis.external.url": "redis://r", "redis.external.username": "u"},
        "redis.external.username | redis.external.existingSecret",
    ),
    (
        {"monitoring.traces.endpoint": "collector:4318"},
        "monitoring.traces.endpoint is collector:4318 | http:// | https://",
    ),
    (
        {"monitoring.traces.headers.existingSecret": "collector"},
        "monitoring.traces.headers.existingSecret | monitoring.traces.endpoint",
    ),
    ({"networkPolicy.collectorTo": [{"podSelector": {}}]}, "networkPolicy.collectorTo | monitoring.traces.endpoint"),
    (
        {"monitoring.podMonitor.enabled": True},
        "networkPolicy.metricsFrom | monitoring.podMonitor.enabled | networkPolicy.enabled=false",
    ),
    ({"monitoring.alerts.enabled": True}, "networkPolicy.metricsFrom | monitoring.alerts.enabled"),
    ({"redis.maxMemory": "4gb"}, "redis.resources.limits.memory is 2Gi | redis.maxMemory=4gb | at least 8192Mi"),
    (
        {"redis.maxMemory": "4gb", "redis.resources.limits.memory": "8Gi"},
        "redis.persistence.size is 8Gi | redis.maxMemory=4gb | at least 12288Mi | docs/upgrades.md",
    ),
    (
        {**ALERTS, "monitoring.alerts.rules.QweneditBotDown.threshold": 1},
        "monitoring.alerts.rules.QweneditBotDown.threshold | no threshold",
    ),
    (
        {**ALERTS, "monitoring.alerts.rules.QweneditWorkersLost.threshold": 0},
        "monitoring.alerts.rules.QweneditWorkersLost.threshold is 0 | at least 1 (jobs)",
    ),
    (
        {**ALERTS, "monitoring.alerts.rules.QweneditTelegramRejects.threshold": "100"},
        "monitoring.alerts.rules.QweneditTelegramRejects.threshold is 100 | less than 100 (%)",
    ),
    ({"commonLabels": {"app.kubernetes.io/instance": "a"}}, "commonLabels | app.kubernetes.io/instance"),
    ({"worker.pod.labels": {"app.kubernetes.io/component": "a"}}, "worker.pod.labels | app.kubernetes.io/component"),
    (
        {"bot.image.digest": f"sha256:{'0' * 64}", "bot.image.tag": "0.2.0"},
        "bot.image.digest is set | the tag 0.2.0 | to an empty text",
    ),
    ({"worker.image.digest": f"sha256:{'0' * 64}", "image.tag": "dev"}, "worker.image.digest is set | the tag dev"),
    ({"image.tag": "latest"}, "qwenedit/ | latest | digest"),
)
"""Values beside the token, and what the refusal says, between bars."""

REFUSED_BY_SCHEMA: tuple[tuple[dict[str, Any], str], ...] = (
    ({"bot.tokn": "x"}, "'tokn' not allowed"),
    ({"autoscalling.enabled": False}, "'autoscalling' not allowed"),
    ({"worker.settings.comfyuiTimeout": 100}, "/worker/settings/comfyuiTimeout"),
    ({"worker.settings.lease": 9}, "/worker/settings/lease"),
    ({"comfyui.placement": "cloud"}, "/comfyui/placement"),
    ({"global.imagePullSecrets": [{"nam": "x"}]}, "/global/imagePullSecrets/0"),
    ({"worker.image.digest": "sha256:1"}, "/worker/image/digest"),
    ({"bot.token.value": "secret"}, "/bot/token/value"),
    ({"bot.webhook.url": "bot.example.com"}, "/bot/webhook/url"),
    ({"monitoring.traces.sampleRatio": 2}, "/monitoring/traces/sampleRatio"),
    ({"monitoring.alerts.rules.QweneditJobFails.enabled": False}, "QweneditJobFails"),
    ({"monitoring.alerts.rules.QweneditWorkersLost.seconds": 1800}, "/monitoring/alerts/rules/QweneditWorkersLost"),
    ({"monitoring.alerts.objectives.success": 90}, "/monitoring/alerts/objectives/success"),
    ({"monitoring.alerts.objectives.answerSeconds": 100}, "/monitoring/alerts/objectives/answerSeconds"),
    ({"autoscaling.maxReplicas": 1001}, "/autoscaling/maxReplicas"),
    ({"models.files": [{"path": "a", "url": "https://a", "sha256": "1"}]}, "/models/files/0/sha256"),
)


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
    for flat, words in GUARDS:
        with subtests.test(f"{[*flat]}: {words}"):
            with pytest.raises(helm_python.HelmRenderError) as refused:
                render(nested(TOKEN | flat))
            assert [word for word in words.split(" | ") if word not in str(refused.value)] == []


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
    for flat, key in REFUSED_BY_SCHEMA:
        with subtests.test(key), pytest.raises(helm_python.HelmValuesError, match=re.escape(key)):
            render(nested(TOKEN | flat))
