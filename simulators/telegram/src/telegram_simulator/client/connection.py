"""Requests to the control API."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = aiohttp.ClientTimeout(total=240)
_REFUSED = 400


class RefusedError(Exception):
    """The simulator does not do that: there is no such button, say."""


class Connection:
    """Speaks to one simulator.

    Args:
        base_url: Where it listens.
        bot_id: The bot that is meant; None for the newest.
    """

    def __init__(self, base_url: str, bot_id: int | None) -> None:
        self._base_url = base_url.rstrip("/")
        self.bot_id = bot_id
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Begin; needs a running event loop."""
        self._session = aiohttp.ClientSession(timeout=_PATIENCE)

    async def close(self) -> None:
        """End."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do(self, act: str, *, files: Sequence[tuple[str, bytes]] = (), **arguments: Any) -> Any:
        """Have something done (`control.acts`), with files by name; returns what came of it.

        Raises:
            RefusedError: The simulator does not do it.
        """
        content: dict[str, Any] = {"json": arguments}
        if files:
            form = aiohttp.FormData({"arguments": json.dumps(arguments)})
            for name, data in files:
                form.add_field("files", io.BytesIO(data), filename=name)
            content = {"data": form}
        async with self._request("POST", act, **content) as response:
            return json.loads(await _body(response))

    async def bytes(self, path: str) -> bytes:
        """Fetch a file.

        Raises:
            RefusedError: There is none.
        """
        async with self._request("GET", path) as response:
            return await _body(response)

    def _request(self, method: str, path: str, **content: Any) -> Any:
        if self._session is None:
            raise RuntimeError("use TelegramSimulator in an `async with`")
        params = {} if self.bot_id is None else {"bot": str(self.bot_id)}
        return self._session.request(method, f"{self._base_url}/simulator/{path}", params=params, **content)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    if response.status >= _REFUSED:
        if response.content_type == "application/json":
            raise RefusedError((await response.json()).get("error"))
        raise RefusedError(f"{response.status}: {await response.text()}")
    return await response.read()
