"""A store of objects that speaks S3, by moto's server: for whatever needs a bucket without a cloud."""

from __future__ import annotations

import re
from html import unescape

import aiohttp

from local_stack import HOST, Part, bare_environment, by_http, free_port, python_module

_KEY = re.compile(r"<Key>([^<]*)</Key>")


class ObjectServer(Part):
    """The server. Killed and started again it has the same port and has forgotten everything.

    Args:
        port: 0 takes a free one, and keeps it.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        super().__init__(
            "objects",
            python_module("moto.server", "-H", HOST, "-p", str(self.port)),
            env=bare_environment(),
            ready=by_http(f"http://{HOST}:{self.port}/moto-api/data.json"),
        )

    @property
    def url(self) -> str:
        """Of the server."""
        return f"http://{HOST}:{self.port}"

    def settings(self, *, port: int | None = None) -> dict[str, str]:
        """Return the variables by which a service finds it.

        Args:
            port: Of a proxy before it; its own where left out.
        """
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{port or self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }

    async def make_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        async with aiohttp.ClientSession(raise_for_status=True) as client:
            await client.put(f"{self.url}/{name}")

    async def objects(self, bucket: str) -> set[str]:
        """Return the names of all objects in a bucket."""
        async with aiohttp.ClientSession(raise_for_status=True) as client:
            reply = await client.get(f"{self.url}/{bucket}", params={"list-type": "2"})
            return {unescape(key) for key in _KEY.findall(await reply.text())}
