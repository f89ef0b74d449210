"""The compose file and the systemd units of one PC: settings that exist, and times that fit each other."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from local_stack.run.durable import BOT_SECONDS, REDIS_SECONDS, WORKER_MARGIN
from local_stack.run.settings import StackSettings
from qwenedit_bot.app.settings import BotSettings
from qwenedit_worker.settings import WorkerSettings

if TYPE_CHECKING:
    from qwenedit_jobs import RedisSettings

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "one-pc" / "compose.yaml"
SERVICES = yaml.safe_load(COMPOSE.read_text())["services"]
UNIT = (ROOT / "one-pc" / "qwenedit.service").read_text()
DOCKER, ANALYZE = shutil.which("docker"), shutil.which("systemd-analyze")
SETTINGS: dict[str, type[RedisSettings]] = {"bot": BotSettings, "worker": WorkerSettings}


def unit(key: str, text: str = UNIT) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", text, flags=re.MULTILINE)


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("part", SETTINGS)
def test_compose_file_names_settings_that_the_part_has_and_takes(part, monkeypatch):
    given = SERVICES[part]["environment"]
    assert {name.lower() for name in given} <= set(SETTINGS[part].model_fields)
    for name, value in given.items():
        monkeypatch.setenv(name, {"BOT_TOKEN": "1:abc", "REDIS_PASSWORD": "word"}.get(name, value))
    SETTINGS[part]()


def test_compose_file_lets_each_part_finish_what_it_does():
    worker = SERVICES["worker"]
    assert seconds(worker["stop_grace_period"]) == int(worker["environment"]["COMFYUI_TIMEOUT"]) + WORKER_MARGIN
    assert seconds(SERVICES["bot"]["stop_grace_period"]) == BOT_SECONDS
    assert seconds(SERVICES["redis"]["stop_grace_period"]) == REDIS_SECONDS


def test_compose_file_has_images_of_this_version_that_are_built():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    built = (ROOT / "k8s" / "build-images.sh").read_text()
    ours = [service["image"] for service in SERVICES.values() if "REGISTRY" in service["image"]]
    assert len(ours) == 4
    for image in ours:
        name = re.fullmatch(r"\$\{REGISTRY:-ghcr\.io/qwenedit\}/([a-z-]+):\$\{TAG:-(.*)\}", image)
        assert name is not None
        assert name[2] == version
        assert f"[{name[1]}]=" in built


def test_compose_file_keeps_redis_and_comfyui_from_the_internet_and_from_each_other():
    networks = yaml.safe_load(COMPOSE.read_text())["networks"]
    inside = {name for name, network in networks.items() if network and network["internal"]}
    assert not set(SERVICES["redis"]["networks"]) & set(SERVICES["comfyui"]["networks"])
    for part in ("redis", "worker", "comfyui"):
        assert set(SERVICES[part]["networks"]) <= inside, part
    assert not any("ports" in service for service in SERVICES.values())


def test_compose_file_is_taken_by_docker_compose(tmp_path):
    if DOCKER is None or subprocess.run([DOCKER, "compose", "version"], check=False, capture_output=True).returncode:
        pytest.skip("no docker compose here")
    (tmp_path / ".env").write_text("BOT_TOKEN=1:abc\nREDIS_PASSWORD=word\n")
    command = [DOCKER, "compose", "--env-file", str(tmp_path / ".env"), "--file", str(COMPOSE), "config", "--quiet"]
    subprocess.run(command, check=True)


def test_unit_names_settings_that_exist():
    names = {pair.partition("=")[0].lower() for pair in unit("Environment")}
    known = {*StackSettings.__dataclass_fields__, *BotSettings.model_fields, *WorkerSettings.model_fields}
    assert names <= known
    assert {"data", "comfyui_url"} <= names


def test_unit_waits_until_all_parts_have_stopped_in_order():
    timeout = int(next(pair for pair in unit("Environment") if pair.startswith("COMFYUI_TIMEOUT")).partition("=")[2])
    assert int(unit("TimeoutStopSec")[0]) > timeout + WORKER_MARGIN + BOT_SECONDS + REDIS_SECONDS
    assert unit("KillMode") == ["mixed"], "the parts are told by their supervisor, in order"


@pytest.mark.parametrize("name", ["qwenedit", "comfyui"])
def test_unit_is_taken_by_systemd(name, tmp_path):
    if ANALYZE is None:
        pytest.skip("no systemd here")
    # Its program, folders and users are those of the computer that it is for.
    text = (ROOT / "one-pc" / f"{name}.service").read_text()
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    path = tmp_path / f"{name}.service"
    path.write_text(text)
    checked = subprocess.run([ANALYZE, "verify", str(path)], check=False, capture_output=True, text=True)
    assert not checked.stderr.strip()
