"""Both versions on the cluster that KUBECONFIG names, each installed by its own chart, with helm."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from local_stack import free_port
from proofs.upgrades.checkout import CommandError, run
from proofs.upgrades.product import FAULT, Connections, Counts
from qwenedit_testkit import ROOT
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

NAMESPACE, RELEASE = "qwenedit-upgrades", "edit"
NAME = f"{RELEASE}-qwenedit"
OURS = Path(__file__).parent
UPGRADED = "upgraded"
"""The tag of this revision's images."""
ROLLOUT = "300s"
MOST_WORKERS = 2
"""As scaled.yaml has it. KEDA tells of all jobs."""
SCALED_WITHIN = 120.0
"""Seconds."""
METRICS = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{NAMESPACE}"
COUNT = """\
ask() { valkey-cli --user admin --pass "$ADMIN_PASSWORD" --no-auth-warning "$@"; }
ask llen qwenedit:job_queue; ask zcard qwenedit:leases; ask zcard qwenedit:leases:draining; ask zcard qwenedit:delayed
"""
STUMBLE = f"""
import json, urllib.request
data = json.dumps({FAULT}).encode()
headers = {{"Content-Type": "application/json"}}
urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8188/simulator/faults", data, headers))
"""
KNOCK = f"""
import socket, sys, threading
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
address = socket.getaddrinfo("{NAME}-bot", 8443, proto=socket.IPPROTO_TCP)[0][4]
opened = refused = 0
while not over.wait(0.01):
    opened += 1
    try:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(b"POST /telegram HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
            refused += not connection.recv(12)
    except OSError:
        refused += 1
print(opened, refused)
"""


async def kubectl(*argv: str, stdin: str = "") -> str:
    """Run kubectl in the proof's namespace."""
    return await run("kubectl", f"--namespace={NAMESPACE}", *argv, stdin=stdin)


class Cluster:
    """The product in a namespace of its own, which is deleted at the end.

    Args:
        old: Checkout of the version that is installed first.
        tag: Of its images.
        webhook: Two replicas of the bot, by webhook.
        scaled: KEDA scales.
    """

    def __init__(self, *, old: Path, tag: str, webhook: bool, scaled: bool) -> None:
        self._old, self._tag, self._webhook, self._scaled = old, tag, webhook, scaled
        self._stack = AsyncExitStack()
        self.chats: Chats

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _open(self) -> None:
        await self._delete(wait=True)
        self._stack.push_async_callback(self._delete, wait=True)
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
        await kubectl("apply", "--filename=-", stdin=json.dumps(namespace))
        telegram = (ROOT / "k8s/try/telegram-simulator.yaml").read_text()
        await kubectl("apply", "--filename=-", stdin=telegram.replace("simulator:dev", f"simulator:{UPGRADED}"))
        await kubectl("rollout", "status", "deployment/telegram-simulator", "--timeout=120s")
        port = await self._stack.enter_async_context(_forwarded("service/telegram-simulator", 8090))
        self.chats = await self._stack.enter_async_context(Chats(f"http://127.0.0.1:{port}"))
        self._stack.push_async_callback(self._uninstall)
        await self._helm("install", *self._chart(self._old, self._tag))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def counts(self) -> Counts:
        """Count the jobs."""
        lines = await kubectl("exec", f"{NAME}-redis-0", "--container=redis", "--", "sh", "-c", COUNT)
        waiting, running, leaving, delayed = map(int, lines.split())
        return Counts(waiting, running + leaving, delayed)

    async def stumble(self) -> None:
        """Have each ComfyUI forget the next job that has the word in its instruction."""
        for pod in await self._pods("worker"):
            with suppress(CommandError):  # it is leaving
                await kubectl("exec", pod["metadata"]["name"], "--container=comfyui", "--", "python", "-c", STUMBLE)

    async def upgrade(self) -> Connections | None:
        """Change to this revision's chart and images."""
        async with self._knocking() as found:
            await self._helm("upgrade", *self._chart(ROOT, UPGRADED))
            await self._until_gone()
        return found[0] if found else None

    async def roll_back(self) -> Connections | None:
        """Change to the revision before."""
        async with self._knocking() as found:
            await self._helm("rollback")
            await self._until_gone()
        return found[0] if found else None

    async def until_scaled(self) -> None:
        """Wait until KEDA tells the autoscaler of more jobs than there are workers."""
        if not self._scaled:
            return
        async with asyncio.timeout(SCALED_WITHIN):
            while True:
                counts, told = await self.counts(), await self._told_by_keda()
                if counts.waiting + counts.running > MOST_WORKERS and told > MOST_WORKERS:
                    return
                await asyncio.sleep(1)

    async def _told_by_keda(self) -> float:
        """Ask KEDA as the autoscaler does; 0 while it does not know."""
        autoscaler = f"hpa/keda-hpa-{NAME}-worker"
        with suppress(CommandError, ValueError):  # it is being changed
            name = await kubectl("get", autoscaler, "--output=jsonpath={.spec.metrics[0].external.metric.name}")
            query = f"labelSelector=scaledobject.keda.sh%2Fname%3D{NAME}-worker"
            [item] = json.loads(await kubectl("get", f"--raw={METRICS}/{name}?{query}"))["items"]
            value = str(item["value"])
            return float(value.removesuffix("m")) / (1000 if value.endswith("m") else 1)
        return 0.0

    def _chart(self, checkout: Path, tag: str) -> tuple[str, ...]:
        chart = checkout / "charts/qwenedit"
        ours = {"values.yaml": True, "webhook.yaml": self._webhook, "scaled.yaml": self._scaled}
        values = (chart / "examples/simulators/values.yaml", *(OURS / name for name, on in ours.items() if on))
        return (str(chart), *(f"--values={path}" for path in values), f"--set=image.tag={tag}")

    async def _helm(self, verb: str, *argv: str) -> None:
        await run("helm", verb, RELEASE, f"--namespace={NAMESPACE}", *argv, "--wait", f"--timeout={ROLLOUT}")

    async def _uninstall(self) -> None:
        await run("helm", "uninstall", RELEASE, f"--namespace={NAMESPACE}", "--ignore-not-found")

    async def _delete(self, *, wait: bool) -> None:
        await run("kubectl", "delete", "namespace", NAMESPACE, "--ignore-not-found", f"--wait={str(wait).lower()}")

    async def _pods(self, *parts: str) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io/component in ({','.join(parts)})"
        listed = await kubectl("get", "pods", f"--selector={selector}", "--output=json")
        pods: list[dict[str, Any]] = json.loads(listed)["items"]
        return pods

    async def _until_gone(self) -> None:
        """Wait until no pod is leaving: Helm does not."""
        async with asyncio.timeout(240):
            while any("deletionTimestamp" in pod["metadata"] for pod in await self._pods("bot", "worker")):
                await asyncio.sleep(0.5)

    @asynccontextmanager
    async def _knocking(self) -> AsyncIterator[list[Connections]]:
        """Open connections to the webhook's Service one after the other; the list has what came of them at the end."""
        found: list[Connections] = []
        if not self._webhook:
            yield found
            return
        process = await asyncio.create_subprocess_exec(
            "kubectl", f"--namespace={NAMESPACE}", "exec", "--stdin", "deployment/telegram-simulator", "--", "python",
            "-c", KNOCK, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield found
            out, _err = await process.communicate(b"")  # closes its stdin
            opened, refused = map(int, out.split())
            found.append(Connections(opened, refused))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def _forwarded(target: str, port: int) -> AsyncIterator[int]:
    """Forward a port of the cluster to a local one, for pods that stay."""
    local = free_port()
    process = await asyncio.create_subprocess_exec(
        "kubectl", f"--namespace={NAMESPACE}", "port-forward", target, f"{local}:{port}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if process.stdout is None or not (await process.stdout.readline()).startswith(b"Forwarding"):
            raise CommandError(f"kubectl port-forward {target} does not forward")
        yield local
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself
            process.terminate()
        await process.wait()
