"""A cluster that lacks an API, as helm sees it: the real one, with that API left out of what it says it has."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOP_HEADERS = {"content-length", "content-encoding", "transfer-encoding", "connection", "host"}


@asynccontextmanager
async def cluster_without(group: str, folder: Path) -> AsyncIterator[str]:
    """Serve the current cluster without an API group; yields the path of a kubeconfig for it."""
    async with _kubectl_proxy() as real, aiohttp.ClientSession() as session:

        async def handle(request: web.Request) -> web.Response:
            if request.path.startswith(f"/apis/{group}"):
                return web.Response(status=404)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_HEADERS}
            async with session.request(
                request.method, real + request.path_qs, headers=headers, data=await request.read() or None
            ) as answer:
                body, kept = await answer.read(), dict(answer.headers)
            if request.path == "/apis" and answer.status == 200:
                body = json.dumps(_without(json.loads(body), group)).encode()
            kept = {name: value for name, value in kept.items() if name.lower() not in HOP_HEADERS}
            return web.Response(status=answer.status, body=body, headers=kept)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        config = folder / "kubeconfig.json"
        config.write_text(json.dumps(_kubeconfig(f"http://127.0.0.1:{runner.addresses[0][1]}")))
        try:
            yield str(config)
        finally:
            await runner.cleanup()


def _without(discovery: dict[str, Any], group: str) -> dict[str, Any]:
    """Both forms of the list of API groups: the plain and the aggregated one."""
    if "groups" in discovery:
        return {**discovery, "groups": [each for each in discovery["groups"] if each["name"] != group]}
    return {**discovery, "items": [each for each in discovery["items"] if each["metadata"]["name"] != group]}


def _kubeconfig(server: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lacking",
        "clusters": [{"name": "lacking", "cluster": {"server": server}}],
        "contexts": [{"name": "lacking", "context": {"cluster": "lacking", "user": "nobody"}}],
        "users": [{"name": "nobody", "user": {}}],
    }


@asynccontextmanager
async def _kubectl_proxy() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        "kubectl", "proxy", "--port=0", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        assert found, f"kubectl proxy: {line}"
        yield f"http://{found[0]}"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
        await process.wait()
