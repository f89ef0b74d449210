"""The operator's presets reach the bot, and a change of them rolls its pods."""

from __future__ import annotations

from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.presets import catalogue as presets

TOKEN = {"existingSecret": "telegram"}


def parts(manifests, name="edit-qwenedit-bot"):
    (bot,) = (one for one in manifests if one["kind"] == "Deployment" and one["metadata"]["name"] == name)
    pod = bot["spec"]["template"]
    return pod, {one["metadata"]["name"]: one["data"] for one in manifests if one["kind"] == "ConfigMap"}


def mounted(pod):
    """Path of the mount → name of its ConfigMap."""
    (container,) = pod["spec"]["containers"]
    volumes = {volume["name"]: volume.get("configMap", {}).get("name") for volume in pod["spec"]["volumes"]}
    assert not any("subPath" in mount for mount in container["volumeMounts"])
    return {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}


def test_file_is_mounted_as_it_is_where_the_bot_looks_for_it(render):
    pod, configs = parts(render({"bot": {"token": TOKEN, "presets": {"file": presets.shipped()}}}))
    name = "edit-qwenedit-bot-presets"
    assert presets.parse_catalogue(configs[name]["presets.yaml"]) == presets.parse_catalogue(presets.shipped())
    told = BotSettings.model_validate(
        {"bot_token": "1:abc", "presets_file": configs["edit-qwenedit-bot"]["PRESETS_FILE"]}
    )
    assert told.presets_file is not None
    assert mounted(pod)[str(told.presets_file.parent)] == name
    (volume,) = (volume["configMap"] for volume in pod["spec"]["volumes"] if volume["name"] == "presets")
    assert [item["path"] for item in volume["items"]] == [told.presets_file.name]


def test_config_map_of_the_operators_own_is_mounted(render):
    chosen = {"existingConfigMap": "{{ .Release.Name }}-ideas"}
    pod, configs = parts(render({"bot": {"token": TOKEN, "presets": chosen}}))
    assert mounted(pod)["/etc/qwenedit/presets"] == "edit-ideas"
    assert "edit-qwenedit-bot-presets" not in configs
