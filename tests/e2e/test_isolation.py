"""Who reaches whom, and where the bot's token is."""

from __future__ import annotations

import ast
import asyncio
import json

import pytest_asyncio
import trustme

from tests.e2e.cluster.installation import pod_of
from tests.e2e.cluster.kube import eventually, run, throughout

KNOCK = """
import socket, sys
def knock(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return False
    return True
print([knock(host, port) for host, port in {targets!r}])
"""


OVER = "/tmp/over"  # noqa: S108 - in a pod of the test's own
KNOCK_ON = """
import pathlib, socket, time
opened = refused = 0
while not pathlib.Path("{over}").exists():
    time.sleep(0.01)
    opened += 1
    try:
        with socket.create_connection({target!r}, timeout=5) as connection:
            connection.sendall(b"POST /telegram HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
            refused += not connection.recv(12)
    except OSError:
        refused += 1
print([opened, refused])
"""


TELEGRAM = "api.telegram.test"
"""A name that only the proxy knows."""
PROXY = """
import asyncio, pathlib, ssl
pathlib.Path("/tmp/pair.pem").write_text({pair!r})
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain("/tmp/pair.pem")

async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve(reader, writer):
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    print(head.split()[1].decode(), flush=True)
    writer.write(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
    await writer.start_tls(tls)
    there = await asyncio.open_connection("telegram-simulator", 8090)
    await asyncio.gather(copy(reader, there[1]), copy(there[0], writer), return_exceptions=True)

async def main():
    async with await asyncio.start_server(serve, "", 3128) as server:
        await server.serve_forever()

asyncio.run(main())
"""


async def connections_in_a_rollout(installation, pod, target):
    """Open connections from a pod while the bot is rolled; returns how many that were, and how many were refused."""
    kube = installation.kube
    old = {bot.name for bot in await kube.pods("bot")}
    knocking = asyncio.create_task(kube.python(pod, "main", KNOCK_ON.format(target=target, over=OVER)))
    await kube("rollout", "restart", f"deployment/{installation.name}-bot")

    async def replaced():
        return not old & {bot.name for bot in await kube.pods("bot")}

    await eventually("the end of the old replica", replaced, within=90)
    await kube("exec", pod, "--", "touch", OVER)
    return ast.literal_eval(await knocking)


async def reached(kube, pod, container, targets):
    """Try to connect from a container; returns the names of the targets that could be reached."""
    printed = await kube.python(pod, container, KNOCK.format(targets=list(targets.values())))
    return {name for name, could in zip(targets, ast.literal_eval(printed), strict=True) if could}


async def someone(installation, name, code="import time; time.sleep(600)", **labels):
    """Start a pod that does nothing, unless it is told what."""
    [bot] = await installation.kube.pods("bot")
    image = bot.item["spec"]["containers"][0]["image"]
    await installation.kube.apply(pod_of(name, image, code, **labels))
    await installation.kube("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stranger(installation):
    """A pod of somebody else, in the same namespace."""
    await someone(installation, "stranger")
    yield "stranger"
    await installation.kube("delete", "pod", "stranger", "--wait=false")


@pytest_asyncio.fixture(loop_scope="session")
async def ingress(installation):
    """A pod that stands for the ingress controller's."""
    await someone(installation, "ingress", role="ingress")
    yield "ingress"
    await installation.kube("delete", "pod", "ingress", "--wait=false")


async def until_enforced(what, look, allowed):
    """Wait until a look finds what is allowed and nothing else, and see that it does not become more.

    A network plugin learns of a new pod some seconds after its start, and lets everything through until then. What is
    allowed and missing in a look afterwards was slow to answer: that is no policy's doing.
    """
    found = None

    async def as_allowed():
        nonlocal found
        found = await look()
        return found == allowed

    async def no_more():
        more = await look() - allowed
        assert not more, f"{what}: {sorted(more)} as well"
        return True

    try:
        await eventually(f"{what}: {sorted(allowed)} and nothing else", as_allowed, within=60)
    except AssertionError as error:
        error.add_note(f"the last look found {found}")
        raise
    await throughout(what, no_more, seconds=3)


async def address(kube, service):
    found = await kube.get("Service", service)
    assert found is not None
    return found["spec"]["clusterIP"]


async def test_stranger_reaches_no_part_of_the_product(installation, worker, stranger):
    kube = installation.kube
    [bot] = await kube.pods("bot")
    [redis] = await kube.pods("redis")
    worker_ip, bot_ip = worker.item["status"]["podIP"], bot.item["status"]["podIP"]
    targets = {
        "telegram": (await address(kube, "telegram-simulator"), 8090),
        "redis": (await address(kube, f"{installation.name}-redis"), 6379),
        "redis pod": (redis.item["status"]["podIP"], 6379),
        "comfyui": (worker_ip, 8188),
        "worker metrics": (worker_ip, 8080),
        "bot metrics": (bot_ip, 8081),
    }

    async def from_the_stranger():
        return await reached(kube, stranger, "main", targets)

    await until_enforced("what a stranger reaches", from_the_stranger, {"telegram"})


async def test_webhook_is_open_to_whom_the_values_name_also_in_a_rollout(installation, stranger, ingress, photo):
    await installation.upgrade(
        "bot.mode=webhook",
        "bot.webhook.url=https://bot.example.com/telegram",
        "bot.webhook.ingress.enabled=false",
        "bot.webhook.from[0].podSelector.matchLabels.role=ingress",
    )
    kube = installation.kube
    try:
        targets = {"webhook": (await address(kube, f"{installation.name}-bot"), 8443)}

        async def who_is_let_in():
            return {pod for pod in (ingress, stranger) if await reached(kube, pod, "main", targets)}

        await until_enforced("who reaches the webhook", who_is_let_in, {ingress})
        opened, refused = await connections_in_a_rollout(installation, ingress, targets["webhook"])
        print(f"{opened} connections during a rollout, {refused} refused")
        assert opened > 100
        assert not refused
    finally:
        await installation.upgrade()
    user = await installation.telegram.user()
    await user.send(photo=photo)
    await user.says("Nice photo!", timeout=90)


async def test_proxy_that_is_the_only_way_out_is_enough(installation, worker, photo):
    kube, authority = installation.kube, trustme.CA()
    pair = authority.issue_cert(TELEGRAM).private_key_and_cert_chain_pem.bytes().decode()
    certificates = {"ca.crt": authority.cert_pem.bytes().decode()}
    ports = {"selector": {"role": "proxy"}, "ports": [{"port": 3128}]}
    await kube.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "company"}, "data": certificates},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "proxy"}, "spec": ports},
    )
    await someone(installation, "proxy", PROXY.format(pair=pair), role="proxy")
    try:
        await installation.upgrade(
            "proxy.url=http://proxy:3128",
            "trustedCa.existingConfigMap=company",
            f"bot.settings.telegramApiUrl=https://{TELEGRAM}",
        )
        user = await installation.telegram.user()
        await user.send(photo=photo, caption="make it snow")
        await user.picture(timeout=60)
        [bot] = await kube.pods("bot")
        telegram = {"telegram": (await address(kube, "telegram-simulator"), 8090)}

        async def by_the_bot():
            return await reached(kube, bot.name, "bot", telegram)

        await until_enforced("what the bot reaches without the proxy", by_the_bot, set())
        assert set((await kube("logs", "proxy")).split()) == {f"{TELEGRAM}:443"}
    finally:
        await installation.upgrade()
        await kube("delete", "pod/proxy", "service/proxy", "configmap/company", "--wait=false")


async def test_worker_reaches_redis_and_nothing_else(installation, worker, stranger):
    kube = installation.kube
    [bot] = await kube.pods("bot")
    api = json.loads(await run("kubectl", "get", "service", "kubernetes", "--namespace=default", "--output=json"))
    slices = json.loads(await run("kubectl", "get", "endpoints", "kubernetes", "--namespace=default", "--output=json"))
    [subset] = slices["subsets"]
    targets = {
        "redis": (await address(kube, f"{installation.name}-redis"), 6379),
        "telegram": (await address(kube, "telegram-simulator"), 8090),
        "api service": (api["spec"]["clusterIP"], 443),
        "api server": (subset["addresses"][0]["ip"], subset["ports"][0]["port"]),
        "bot": (bot.item["status"]["podIP"], 8081),
    }

    for container in ("worker", "comfyui"):

        async def from_the_container(container=container):
            return await reached(kube, worker.name, container, targets)

        await until_enforced(f"what {container} reaches", from_the_container, {"redis"})
    by_the_bot = await reached(kube, bot.name, "bot", targets)
    assert by_the_bot - {"bot"} == {"redis", "telegram"}, "the bot needs no Kubernetes API"
    assert await reached(kube, stranger, "main", targets) >= {"api service", "api server"}, "the control"
