"""An installation as the runbooks name it, and somebody on call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.e2e.cluster.installation import CHART, Installation
from tests.e2e.cluster.installing import TOKEN, installed, namespace, simulated_telegram
from tests.e2e.cluster.kube import Kube, run
from tests.e2e.runbooks.on_call import OnCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telegram_simulator.client import TelegramSimulator

NAMESPACE, RELEASE = "photos", "edit"
LINE = 6
"""Jobs that may wait."""
SETS = (
    "bot.token.existingSecret=telegram",
    f"bot.settings.maxQueueLength={LINE}",
    "autoscaling.maxReplicas=1",
    "comfyui.gpu.count=1",
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shell of somebody on call is."""
    return tmp_path_factory.mktemp("on-call")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kube() -> AsyncIterator[Kube]:
    """The namespace of the runbooks, with the Secrets that they name."""
    async with namespace(NAMESPACE) as kube:
        word = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "telegram"}, "stringData": {"token": TOKEN}}
        await kube.apply(word)
        yield kube


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def telegram(kube: Kube) -> AsyncIterator[TelegramSimulator]:
    """The simulated Telegram, in that namespace."""
    async with simulated_telegram(kube) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(kube: Kube, telegram: TelegramSimulator) -> AsyncIterator[Installation]:
    """The product under the names that the runbooks use."""
    async with installed(kube, telegram, RELEASE, *SETS) as installation:
        yield installation


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def on_call(installation: Installation, folder: Path) -> OnCall:
    """Somebody on call, for all troubles."""
    found = json.loads(await run("kubectl", "get", "nodes", "--output=json"))
    return OnCall({"CHART": str(CHART), "NODE": found["items"][0]["metadata"]["name"]}, folder)


async def until_up(installation: Installation) -> None:
    """Wait until the bot is rolled out."""
    await installation.kube("rollout", "status", "deployment/edit-qwenedit-bot", "--timeout=120s")


async def as_admin(installation: Installation, command: str) -> str:
    """Have Redis do what its administrator alone may."""
    redis = f"REDISCLI_AUTH=$ADMIN_PASSWORD valkey-cli --user admin {command}"
    return await installation.kube("exec", "edit-qwenedit-redis-0", "--", "sh", "-c", redis)
