"""An installation as the runbooks name it, and somebody on call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.e2e.cluster.installation import CHART, Installation, pod_of
from tests.e2e.cluster.installing import TOKEN, installed, namespace, simulated_telegram
from tests.e2e.cluster.kube import Kube, run
from tests.e2e.runbooks.on_call import OnCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telegram_simulator.client import TelegramSimulator

NAMESPACE, RELEASE = "photos", "edit"
CLOSED_PORT = 1
"""Connections to it are refused. Some networks answer in the place of a service that has no pod."""
LINE = 6
"""Jobs that may wait."""
SETS = (
    "bot.token.existingSecret=telegram",
    "bot.moderation.url=http://moderation:8000/",
    f"bot.settings.maxQueueLength={LINE}",
    "autoscaling.maxReplicas=1",
    "monitoring.traces.endpoint=",
    "networkPolicy.collectorTo=null",
)
HOOK = """
import http.server
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"allow": true}')
http.server.ThreadingHTTPServer(("", 8000), Hook).serve_forever()
"""
"""Allows everything."""
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "moderation"},
    "spec": {"selector": {"app": "moderation"}, "ports": [{"port": 8000}]},
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shell of somebody on call is."""
    return tmp_path_factory.mktemp("on-call")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kube() -> AsyncIterator[Kube]:
    """The namespace of the runbooks, with the Secrets that they name."""
    async with namespace(NAMESPACE) as kube:
        word = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "telegram"}, "stringData": {"token": TOKEN}}
        await kube.apply(word, SERVICE)
        yield kube


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def telegram(kube: Kube) -> AsyncIterator[TelegramSimulator]:
    """The simulated Telegram, in that namespace."""
    async with simulated_telegram(kube) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(kube: Kube, telegram: TelegramSimulator) -> AsyncIterator[Installation]:
    """The product under the names that the runbooks use, with a hook for moderation and signed marks."""
    async with installed(kube, telegram, RELEASE, *SETS) as installation:
        await start_hook(installation)
        yield installation


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def on_call(installation: Installation, folder: Path) -> OnCall:
    """Somebody on call, for all troubles."""
    found = json.loads(await run("kubectl", "get", "nodes", "--output=json"))
    return OnCall({"CHART": str(CHART), "NODE": found["items"][0]["metadata"]["name"]}, folder)


async def start_hook(installation: Installation) -> None:
    """Have the hook for moderation answer."""
    [bot] = await installation.kube.pods("bot")
    image = bot.item["spec"]["containers"][0]["image"]
    await installation.kube.apply(pod_of("moderation", image, HOOK, app="moderation"))
    await installation.kube("wait", "--for=condition=Ready", "pod/moderation", "--timeout=60s")


async def lead_to(installation: Installation, service: str, port: int | str) -> None:
    """Have a service connect to a port of its pods."""
    found = await installation.kube.get("Service", service)
    assert found is not None
    ports = [{"port": found["spec"]["ports"][0]["port"], "targetPort": port}]
    await installation.kube("patch", "service", service, f"--patch={json.dumps({'spec': {'ports': ports}})}")


async def until_up(installation: Installation) -> None:
    """Wait until the bot is rolled out."""
    await installation.kube("rollout", "status", "deployment/edit-qwenedit-bot", "--timeout=120s")


async def as_admin(installation: Installation, command: str) -> str:
    """Have Redis do what its administrator alone may."""
    redis = f"REDISCLI_AUTH=$ADMIN_PASSWORD valkey-cli --user admin {command}"
    return await installation.kube("exec", "edit-qwenedit-redis-0", "--", "sh", "-c", redis)
