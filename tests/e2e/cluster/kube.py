"""The cluster that `KUBECONFIG` names: the API through a client, and kubectl and helm for what people type."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from aiohttp import ClientTimeout
from kubernetes.aio.config import new_client_from_config
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

T = TypeVar("T")

LOOK_EVERY = 0.25
"""Seconds between two looks at the cluster while a test waits for something."""
NO_END = ClientTimeout(total=None)
"""Of a stream that lasts as long as a container."""
API_VERSIONS = {"Deployment": "apps/v1"} | dict.fromkeys(("Event", "Node", "Pod", "Secret", "Service"), "v1")
"""Of the kinds that tests look at."""


class CommandError(AssertionError):
    """A command failed; the message has what it printed."""


async def run(*argv: str, stdin: str | None = None) -> str:
    """Run a command to its end; returns what it printed on stdout.

    Raises:
        CommandError: it failed.
    """
    code, out, err = await attempt(*argv, stdin=stdin)
    if code:
        raise CommandError(f"{' '.join(argv)}: exit code {code}\n{out}{err}")
    return out


async def attempt(*argv: str, stdin: str | None = None, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run a command to its end; returns its exit code, its stdout and its stderr."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env
    )
    try:
        out, err = await process.communicate(None if stdin is None else stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def eventually(what: str, ready: Callable[[], Awaitable[T | None]], *, within: float) -> T:
    """Look until something is true; returns it.

    Raises:
        AssertionError: it was not within so many seconds.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + within
    while True:
        found = await ready()
        if found:
            return found
        assert clock() < deadline, f"{what}: not within {within:.0f} s"
        await asyncio.sleep(LOOK_EVERY)


async def throughout(what: str, holds: Callable[[], Awaitable[Any]], *, seconds: float) -> None:
    """Look for a while that something stays true."""
    clock = asyncio.get_running_loop().time
    start = clock()
    while clock() < start + seconds:
        assert await holds(), f"{what}: no longer so after {clock() - start:.1f} s"
        await asyncio.sleep(LOOK_EVERY)


class Kube:
    """One namespace.

    What tests look at again and again is asked over one connection; kubectl does what is done once, as people do it.

    Args:
        namespace: Its name.
        client: A client of the cluster's API.
    """

    def __init__(self, namespace: str, client: DynamicClient) -> None:
        self.namespace = namespace
        self._client = client

    @classmethod
    @asynccontextmanager
    async def connected(cls, namespace: str) -> AsyncIterator[Self]:
        """Speak to the cluster for as long as the block runs."""
        async with await new_client_from_config() as api:
            yield cls(namespace, await DynamicClient(api))

    async def __call__(self, *argv: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return await run("kubectl", "--namespace", self.namespace, *argv, stdin=stdin)

    async def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return one object of a kind such as `Pod`; None when there is none."""
        resource = await self._client.resources.get(api_version=API_VERSIONS[kind], kind=kind)
        try:
            found: dict[str, Any] = (await resource.get(name=name, namespace=self.namespace)).to_dict()
        except NotFoundError:
            return None
        return found

    async def objects(self, kind: str, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        """Return the objects of a kind that two selectors let through."""
        resource = await self._client.resources.get(api_version=API_VERSIONS[kind], kind=kind)
        found = await resource.get(namespace=self.namespace, label_selector=labels, field_selector=fields)
        items: list[dict[str, Any]] = found.to_dict()["items"]
        return items

    async def changes(self, kind: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield each object that is there, and then each change: `ADDED`, `MODIFIED` or `DELETED`, and the object."""
        resource = await self._client.resources.get(api_version=API_VERSIONS[kind], kind=kind)
        async for event in self._client.watch(resource, namespace=self.namespace):
            yield event["type"], event["raw_object"]

    async def log(self, pod: str, container: str, *, since: str = "", previous: bool = False) -> AsyncIterator[str]:
        """Yield the lines that a container logs, each behind its time and a space, until it ends or the stream breaks.

        Args:
            pod: Its name.
            container: Of that pod.
            since: A line's time; older lines than those of its second are left out.
            previous: Of the container before its last restart.
        """
        resource = await self._client.resources.get(api_version="v1", kind="Pod")
        path = f"{resource.path(name=pod, namespace=self.namespace)}/log"
        query = [("container", container), ("follow", "true"), ("timestamps", "true")]
        query += [("sinceTime", since)] if since else []
        query += [("previous", "true")] if previous else []
        # Without a timeout of its own the client ends each stream after 5 minutes.
        answer = await self._client.request("get", path, query_params=query, serialize=False, _request_timeout=NO_END)
        try:
            async for line in answer.content:
                yield line.decode(errors="replace").rstrip()
        finally:
            answer.close()

    async def everything(self) -> dict[str, dict[str, Any]]:
        """Return all objects of the namespace by `Kind/name`, but for events and measurements."""
        kinds = (await self("api-resources", "--namespaced", "--verbs=list", "--output=name")).split()
        kept = [kind for kind in kinds if not kind.startswith("events") and not kind.endswith(".metrics.k8s.io")]
        listed = json.loads(await self("get", ",".join(kept), "--ignore-not-found", "--output=json"))
        return {f"{item['kind']}/{item['metadata']['name']}": item for item in listed["items"]}

    async def pods(self, part: str) -> list[Pod]:
        """Return the pods of a part of the product that are there, leaving ones included, oldest first."""
        pods = [Pod(item) for item in await self.objects("Pod", labels=f"app.kubernetes.io/component={part}")]
        return sorted(pods, key=lambda pod: (pod.created, pod.name))

    async def pod(self, name: str) -> Pod | None:
        """Return one pod; None when there is none."""
        item = await self.get("Pod", name)
        return None if item is None else Pod(item)

    async def python(self, pod: str, container: str, code: str) -> str:
        """Run Python in a container; returns what it printed."""
        return await self("exec", pod, f"--container={container}", "--", "python", "-c", code)

    async def apply(self, *objects: dict[str, Any]) -> None:
        """Create or change objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        await self("apply", "--filename=-", stdin=json.dumps(listed))


@dataclass(frozen=True, eq=False)
class Pod:
    """What tests look at in a pod."""

    item: dict[str, Any]

    @property
    def name(self) -> str:
        """Of the pod."""
        return str(self.item["metadata"]["name"])

    @property
    def part(self) -> str:
        """Which part of the product it is; empty for a pod of somebody else."""
        return str(self.item["metadata"].get("labels", {}).get("app.kubernetes.io/component", ""))

    @property
    def created(self) -> str:
        """When, as Kubernetes writes it: whole seconds."""
        return str(self.item["metadata"]["creationTimestamp"])

    @property
    def node(self) -> str:
        """Which it is bound to; empty while it waits for one."""
        return str(self.item["spec"].get("nodeName") or "")

    @property
    def leaving(self) -> bool:
        """Whether it was told to end."""
        return "deletionTimestamp" in self.item["metadata"]

    @property
    def ready(self) -> bool:
        """Whether it is Ready."""
        conditions = self.item["status"].get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    @property
    def containers(self) -> dict[str, dict[str, Any]]:
        """Each container's status, sidecars and init containers included."""
        status = self.item["status"]
        found = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
        return {container["name"]: container for container in found}

    @property
    def restarts(self) -> dict[str, int]:
        """How often each container was started again."""
        return {name: container["restartCount"] for name, container in self.containers.items()}
