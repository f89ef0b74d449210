"""What the chart tells the services is what they understand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwenedit_bot.settings import BotSettings
from qwenedit_worker.settings import WorkerSettings

if TYPE_CHECKING:
    from qwenedit_jobs import RedisSettings

SETTINGS: dict[str, type[RedisSettings]] = {"bot": BotSettings, "worker": WorkerSettings}


def config(manifests, part):
    (found,) = (one for one in manifests if one["kind"] == "ConfigMap" and one["metadata"]["name"].endswith(f"-{part}"))
    return found["data"]


def secrets(manifests, part):
    """Names of the variables that come from Secrets."""
    (pod,) = (
        one["spec"]["template"]["spec"]
        for one in manifests
        if one["kind"] == "Deployment" and one["metadata"]["name"].endswith(f"-{part}")
    )
    (container,) = pod["containers"]
    return [env["name"] for env in container["env"] if "secretKeyRef" in env.get("valueFrom", {})]


@pytest.mark.parametrize("part", SETTINGS)
def test_settings_take_what_the_chart_says(part, manifests, monkeypatch):
    for name, value in config(manifests, part).items():
        monkeypatch.setenv(name, value)
    for name in secrets(manifests, part):
        monkeypatch.setenv(name, {"BOT_TOKEN": "1:abc"}.get(name, "word"))
    SETTINGS[part]()


@pytest.mark.parametrize("part", SETTINGS)
def test_chart_and_service_have_the_same_defaults(part, render):
    places = {"redis_url", "redis_username", "probe_host", "comfyui_input_dir", "comfyui_output_dir", "worker_pods"}
    model = SETTINGS[part]
    data = config(render({"bot": {"token": {"existingSecret": "telegram"}}}), part)
    told = model.model_validate({"bot_token": "1:abc"} | {name.lower(): value for name, value in data.items()})
    defaults = model.model_validate({"bot_token": "1:abc"})
    for name in set(model.model_fields) & {name.lower() for name in data} - places:
        assert getattr(told, name) == getattr(defaults, name), name


@pytest.mark.parametrize("part", SETTINGS)
def test_each_service_knows_where_it_runs_for_its_traces(part, manifests):
    (deployment,) = (
        one for one in manifests if one["kind"] == "Deployment" and one["metadata"]["name"].endswith(f"-{part}")
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    told = {env["name"]: env["valueFrom"]["fieldRef"]["fieldPath"] for env in container["env"]
            if "fieldRef" in env.get("valueFrom", {})}  # fmt: skip
    where = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "NODE_NAME": "spec.nodeName"}
    assert where.items() <= told.items()
