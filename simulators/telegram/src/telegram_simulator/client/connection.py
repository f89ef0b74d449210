"""Requests to the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        self._bot_id = bot_id
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Begin; needs a running event loop."""
        self._session = aiohttp.ClientSession(timeout=_PATIENCE)

    async def close(self) -> None:
        """End."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def json(self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None) -> Any:
        """Ask for something and return the answer.

        Raises:
            RefusedError: The simulator does not do it.
        """
        async with self._request(method, path, query, json=body) as response:
            await _explain(response)
            return await response.json()

    async def form(self, path: str, form: aiohttp.FormData) -> Any:
        """Send a form and return the answer.

        Raises:
            RefusedError: The simulator does not take it.
        """
        async with self._request("POST", path, None, data=form) as response:
            await _explain(response)
            return await response.json()

    async def bytes(self, path: str) -> bytes:
        """Fetch a file.

        Raises:
            RefusedError: There is none.
        """
        async with self._request("GET", path, None) as response:
            await _explain(response)
            data: bytes = await response.read()
            return data

    def _request(self, method: str, path: str, query: Mapping[str, str] | None, **content: Any) -> Any:
        if self._session is None:
            raise RuntimeError("use TelegramSimulator in an `async with`")
        params = dict(query or {})
        if self._bot_id is not None:
            params["bot"] = str(self._bot_id)
        return self._session.request(method, f"{self._base_url}/simulator/{path}", params=params, **content)


async def _explain(response: aiohttp.ClientResponse) -> None:
    if response.status >= _REFUSED:
        if response.content_type == "application/json":
            raise RefusedError((await response.json()).get("error"))
        raise RefusedError(f"{response.status}: {await response.text()}")
