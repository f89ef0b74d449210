"""A real Redis with the chart's users, started by the chart's own script."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from functools import cache
from pathlib import Path

import helm_python
import pytest
import yaml
from redis.asyncio import Redis
from redis.exceptions import RedisError

from local_stack.processes.ports import HOST, free_port
from local_stack.redis_server import redis_program

CHART = Path(__file__).parents[3] / "charts/qwenedit"
VALKEY_CLI = Path(__file__).with_name("valkey_cli.py")
USERS = ("admin", "bot", "worker", "keda", "backup")
BACKUP = {"existingClaim": "backups"}


@cache
def configuration(prefix):
    """Render the files of Redis, by name."""
    values = {"bot": {"token": {"existingSecret": "t"}}, "redis": {"prefix": prefix}, "backup": BACKUP}
    with helm_python.Chart.load(CHART) as chart:
        rendered = chart.render(values, name="edit", namespace="photos")
    (file,) = (path for path in rendered if path.endswith("templates/redis/configmap.yaml"))
    return yaml.safe_load(rendered[file])["data"]


class Server:
    """A Redis with the chart's configuration, its folders moved to one of the test's."""

    def __init__(self, folder, prefix):
        self.port = free_port()
        self.passwords = {user: f"{user}'s pass word #1" for user in USERS}
        for name, text in configuration(prefix).items():
            moved = text.replace("/run/valkey", str(folder)).replace("/etc/valkey", str(folder))
            moved = moved.replace("/data", str(folder)).replace("port 6379", f"port {self.port}\nbind {HOST}")
            moved = moved.replace("exec valkey-server", f"exec {redis_program()}")
            (folder / name).write_text(moved.replace("valkey-cli", f"{sys.executable} {VALKEY_CLI} {self.port}"))
        self.folder = folder
        self._script = folder / "start.sh"
        self._process: asyncio.subprocess.Process | None = None

    async def run(self):
        """Run the chart's script; a folder `bin` of the test's comes first on its PATH."""
        secrets = {f"{user.upper()}_PASSWORD": password for user, password in self.passwords.items()}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        # A write beyond `limit` is refused, as on a full disk: SIGXFSZ stays ignored, as in Python.
        self._process = await asyncio.create_subprocess_exec(
            "sh", self._script, env={"PATH": path, **secrets}, stdout=asyncio.subprocess.DEVNULL, restore_signals=False
        )

    async def start(self):
        await self.run()
        assert self._process is not None
        async with asyncio.timeout(60):
            while not await self._answers():
                assert self._process.returncode is None, "the server refused its configuration"
                await asyncio.sleep(0.05)

    async def _answers(self):
        try:
            async with Redis(port=self.port, username="probe", password="probe") as probe:
                return await probe.ping()
        except RedisError:
            return False

    async def probed(self, how):
        """Ask as a probe's command does, `alive` or `ready`; returns whether all is well, and what it printed."""
        process = await asyncio.create_subprocess_exec(
            "sh", self.folder / "probe.sh", how, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        said, _ = await process.communicate()
        return process.returncode == 0, said.decode().strip()

    def limit(self, size):
        """Let no file grow beyond so many bytes; -1 takes the limit away."""
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    async def ended(self):
        """Wait until the server ends by itself."""
        assert self._process is not None
        async with asyncio.timeout(30):
            await self._process.wait()

    async def kill(self):
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()

    def client(self, user, *, decode=True):
        return Redis(port=self.port, username=user, password=self.passwords[user], decode_responses=decode)


@pytest.fixture
async def server(tmp_path, request):
    """The server for the default prefix, or for another that is the test's parameter."""
    server = Server(tmp_path, getattr(request, "param", "qwenedit"))
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def bot(server):
    async with server.client("bot") as client:
        yield client


@pytest.fixture
async def worker(server):
    async with server.client("worker") as client:
        yield client
