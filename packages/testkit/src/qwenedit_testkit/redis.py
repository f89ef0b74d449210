"""A Redis of its own for a run that needs nothing else as a process."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack import RedisServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def redis_server(*, persistent: bool = False) -> AsyncIterator[RedisServer]:
    """Run a server while the context is open; nothing of it is left.

    Args:
        persistent: Whether it writes an append-only file, as in production.
    """
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder), persistent=persistent)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()
