"""Registries for a rehearsal: one that takes everything, and one that refuses."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from local_stack import HOST, Part, bare_environment, by_http, free_port, running
from proofs.release.rehearsal import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def registry(root: Path) -> AsyncIterator[str]:
    """Serve an empty registry; yields its address and a path in it."""
    tools = (await run(".ci/release/tools.sh", "crane", folder=root)).split()[-1]
    port = free_port()
    command = (f"{tools}/crane", "registry", "serve", "--address", f"{HOST}:{port}")
    part = Part("registry", command, env=bare_environment(), ready=by_http(f"http://{HOST}:{port}/v2/"))
    async with running([part]):
        yield f"{HOST}:{port}/qwenedit"


@asynccontextmanager
async def refusing_registry() -> AsyncIterator[str]:
    """Serve a registry that lets nobody write, as one does for a token without the right; yields address and path."""

    async def refuse(request: web.Request) -> web.Response:
        if request.path == "/v2/":
            return web.json_response({})
        error = {"code": "DENIED", "message": "permission_denied: write_package"}
        return web.json_response({"errors": [error]}, status=403)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"{HOST}:{runner.addresses[0][1]}/qwenedit"
    finally:
        await runner.cleanup()
