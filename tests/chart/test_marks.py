"""The marks of AI that an operator asks for reach the bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwenedit_bot.app.settings import BotSettings

TOKEN = {"existingSecret": "telegram"}


def rendered(render, **marks):
    manifests = render({"bot": {"token": TOKEN, "marks": marks}})
    (data,) = (
        one["data"] for one in manifests if one["kind"] == "ConfigMap" and one["metadata"]["name"].endswith("-bot")
    )
    (pod,) = (
        one["spec"]["template"]["spec"]
        for one in manifests
        if one["kind"] == "Deployment" and one["metadata"]["name"].endswith("-bot")
    )
    settings = {name.lower(): value for name, value in data.items()}
    return BotSettings.model_validate({"bot_token": "1:abc"} | settings), pod


@pytest.mark.parametrize("visible", [False, True])
def test_sign_in_the_corner_is_drawn_where_it_is_wanted(render, visible):
    settings, pod = rendered(render, visible=visible)
    assert settings.mark_visible is visible
    assert settings.c2pa_key_file is None
    assert "c2pa" not in {volume["name"] for volume in pod["volumes"]}


def test_certificate_and_key_are_mounted_where_the_bot_looks_for_them(render):
    settings, pod = rendered(render, c2pa={"existingSecret": "{{ .Release.Name }}-c2pa"})
    (container,) = pod["containers"]
    (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "c2pa")
    (secret,) = (volume["secret"] for volume in pod["volumes"] if volume["name"] == "c2pa")
    assert secret["secretName"] == "edit-c2pa"
    paths = [str(Path(mount["mountPath"]) / item["path"]) for item in secret["items"]]
    assert paths == [str(settings.c2pa_certificate_file), str(settings.c2pa_key_file)]
    assert mount["readOnly"]
