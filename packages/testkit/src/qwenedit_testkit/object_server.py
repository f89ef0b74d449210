"""Stores of objects that speak S3, for whatever needs a bucket without a cloud: moto in memory, versitygw on disk."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from html import unescape
from typing import TYPE_CHECKING

import aiohttp

from local_stack import HOST, Part, bare_environment, by_http, free_port, python_module
from qwenedit_testkit import ROOT
from qwenedit_testkit.files import files_below

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

VERSITYGW = "v1.8.0"
"""Release of versitygw (https://github.com/versity/versitygw), an S3 server by others over a folder."""
KEY, SECRET = "test", "test"
_KEY = re.compile(r"<Key>([^<]*)</Key>")


class NoGoError(RuntimeError):
    """There is no Go here to build a program with."""


class ObjectServer(Part):
    """A server. Killed and started again it has the same port.

    Args:
        port: Where it listens.
        command: Program and arguments.
        health: Path that is answered with 200 when it is ready.
        env: Settings of its own.
    """

    def __init__(self, port: int, command: Sequence[str], *, health: str, env: Mapping[str, str] | None = None) -> None:
        self.port = port
        super().__init__(
            "objects", command, env=bare_environment(**(env or {})), ready=by_http(f"http://{HOST}:{port}{health}")
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
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    async def make_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        raise NotImplementedError

    async def objects(self, bucket: str) -> set[str]:
        """Return the names of all objects in a bucket."""
        raise NotImplementedError


class Moto(ObjectServer):
    """moto's server (https://docs.getmoto.org). Killed and started again it has forgotten everything."""

    def __init__(self) -> None:
        port = free_port()
        command = python_module("moto.server", "-H", HOST, "-p", str(port))
        super().__init__(port, command, health="/moto-api/data.json")

    async def make_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        async with aiohttp.ClientSession(raise_for_status=True) as client:
            await client.put(f"{self.url}/{name}")

    async def objects(self, bucket: str) -> set[str]:
        """Return the names of all objects in a bucket."""
        async with aiohttp.ClientSession(raise_for_status=True) as client:
            reply = await client.get(f"{self.url}/{bucket}", params={"list-type": "2"})
            return {unescape(key) for key in _KEY.findall(await reply.text())}


class Versitygw(ObjectServer):
    """versitygw over a folder. Killed and started again it has all that it had confirmed. It checks signatures.

    Args:
        folder: A bucket is a folder in it, an object a file; made where it is missing.

    Raises:
        NoGoError: it cannot be built here.
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._buckets = folder / "buckets"
        command = (
            str(versitygw()),
            "--port",
            f"{HOST}:{port}",
            "--health",
            "/health",
            "--quiet",
            "--keep-alive",
            "posix",
            "--sidecar",
            str(folder / "metadata"),
            str(self._buckets),
        )
        account = {"ROOT_ACCESS_KEY_ID": KEY, "ROOT_SECRET_ACCESS_KEY": SECRET}
        super().__init__(port, command, health="/health", env=account)
        for each in (self._buckets, folder / "metadata"):
            each.mkdir(parents=True, exist_ok=True)

    async def make_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        (self._buckets / name).mkdir(exist_ok=True)

    async def objects(self, bucket: str) -> set[str]:
        """Return the names of all objects in a bucket."""
        folder = self._buckets / bucket
        files = (path.relative_to(folder) for path in files_below(folder))
        return {str(path) for path in files if not path.parts[0].startswith(".")}


def versitygw() -> Path:
    """Build the program where it was not built before; returns its path.

    It is static: a container image needs nothing beside it.

    Raises:
        NoGoError: there is no Go.
    """
    folder = ROOT / ".local" / f"versitygw-{VERSITYGW}"
    program = folder / "versitygw"
    go = shutil.which("go")
    if not program.exists():
        if go is None:
            raise NoGoError("the S3 server versitygw is built with Go, and there is no go on PATH")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one build at a time; a waiting process finds its program
            if not program.exists():
                source = f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW}"
                env = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
                subprocess.run([go, "install", source], env=env, check=True)  # noqa: S603 - what is run is fixed
    return program


if __name__ == "__main__":
    print(versitygw())  # noqa: T201 - for the script that builds an image of it
