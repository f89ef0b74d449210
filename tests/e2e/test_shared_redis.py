"""Two releases on one Redis, and what becomes of the second if it has the prefix of the first."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from telegram_simulator.client import TelegramSimulator
from tests.e2e.cluster.installation import CHART, helm, values
from tests.e2e.cluster.installing import TOKEN, installed, namespace, simulated_telegram
from tests.e2e.cluster.kube import Kube, eventually, throughout
from tests.e2e.cluster.port_forward import forwarded

if TYPE_CHECKING:
    from telegram_simulator.client import Person

JOBS = 50
"""Of each bot's users, one each."""
OTHER_TOKEN = "1000000008:another-bot"
OWNER, OTHER = (int(token.partition(":")[0]) for token in (TOKEN, OTHER_TOKEN))
QUICK = (
    "comfyui.args={--host=127.0.0.1,--port=8188,--data-dir=/data,--step-seconds=0.02}",
    "autoscaling.maxReplicas=1",
)
NAMESPACE = "qwenedit-e2e-shared"
ON_THE_FIRST = (
    "bot.token.existingSecret=other-token",
    "redis.enabled=false",
    f"redis.external.url=redis://one-qwenedit-redis.{NAMESPACE}:6379/0",  # KEDA looks it up from another namespace
    "redis.external.username=admin",
    "redis.external.existingSecret=one-qwenedit-redis",
    "redis.external.passwordKey=admin",
)


async def let_in(kube: Kube) -> None:
    """Make the second bot's token, and open the way from the second release to the first one's Redis."""
    labels = {"app.kubernetes.io/instance": "one", "app.kubernetes.io/component": "redis"}
    second = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "two"}}}
    await kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "other-token", "namespace": kube.namespace},
            "stringData": {"token": OTHER_TOKEN},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "shared", "namespace": kube.namespace},
            "spec": {"podSelector": {"matchLabels": labels}, "ingress": [{"from": [second]}]},
        },
    )


def second_values(kube: Kube, *, prefix: str) -> tuple[str, ...]:
    """Return what helm is told of the second release."""
    return "two", str(CHART), f"--namespace={kube.namespace}", *values(*QUICK, *ON_THE_FIRST, f"redis.prefix={prefix}")


async def second_release(kube: Kube) -> None:
    """Install the second release as soon as the first one's passwords are there, and wait until its bot is ready."""
    await eventually("passwords", lambda: kube.get("Secret", "one-qwenedit-redis"), within=60)
    await helm("install", *second_values(kube, prefix="two"))
    await kube("rollout", "status", "deployment/two-qwenedit-bot", "--timeout=120s")


async def answered(chats: TelegramSimulator, photo: bytes) -> list[Person]:
    """Have people send a photo each, and see that each gets its edit and nothing else; returns them."""
    people = [await chats.user() for _ in range(JOBS)]
    await asyncio.gather(*(person.send(photo=photo, caption="make it snow") for person in people))
    for person in people:
        await person.picture(timeout=120)
        await person.wait_for(lambda chat: len(chat.from_bot) == 1, what="the picture being all that shows")
    return people


async def test_releases_that_share_a_redis_answer_their_own_users_or_do_not_start(photo: bytes) -> None:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        kube = await stack.enter_async_context(namespace(NAMESPACE))
        await let_in(kube)
        telegram = await stack.enter_async_context(simulated_telegram(kube))
        port = await stack.enter_async_context(forwarded(kube.namespace, "service/telegram-simulator", 8090))
        first, second = [
            await stack.enter_async_context(TelegramSimulator(f"http://127.0.0.1:{port}", bot_id=bot))
            for bot in (OWNER, OTHER)
        ]
        first_release = installed(kube, telegram, "one", *QUICK, "redis.persistence.enabled=false")
        one, _ = await asyncio.gather(stack.enter_async_context(first_release), second_release(kube))
        installed_after = time.monotonic() - began

        firsts, seconds = await asyncio.gather(answered(first, photo), answered(second, photo))
        there = [await (await second.user(person.id)).snapshot() for person in firsts]
        there += [await (await first.user(person.id)).snapshot() for person in seconds]
        assert not any(chat.messages for chat in there)
        prefixes = {key.partition(":")[0] async for key in one.redis.scan_iter("*", count=1000)}
        assert prefixes == {"qwenedit", "two"}
        answered_after = time.monotonic() - began

        await helm("upgrade", *second_values(kube, prefix="qwenedit"))

        async def refused() -> list[str]:
            return [line for lines in one.watch.logs.values() for line in lines if "bot.refused" in line]

        said, *_again = await eventually("the second bot's refusal", refused, within=60)
        assert f"the keys qwenedit:* in Redis are those of bot {OWNER}, and BOT_TOKEN is of bot {OTHER}" in said
        assert f"Set another REDIS_PREFIX for bot {OTHER}" in said

        async def unready() -> bool:
            deployment = await kube.get("Deployment", "two-qwenedit-bot")
            return deployment is not None and not deployment["status"].get("readyReplicas")

        await throughout("no ready second bot", unready, seconds=3)
        ann = await first.user()
        await ann.send(photo=photo, caption="make it rain")
        await ann.picture(timeout=60)
    print(
        f"both installed after {installed_after:.0f} s, {2 * JOBS} jobs answered after {answered_after:.0f} s,"
        f" all after {time.monotonic() - began:.0f} s"
    )
