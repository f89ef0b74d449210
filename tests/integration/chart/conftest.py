"""A real Redis with the chart's users, started by the chart's own script."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import helm_python
import pytest
import yaml
from redis.asyncio import Redis
from redis.exceptions import RedisError

from local_stack.processes.ports import HOST, free_port
from local_stack.redis_server import redis_program

CHART = Path(__file__).parents[3] / "charts/qwenedit"
USERS = ("admin", "bot", "worker", "keda")


class Server:
    """A Redis with the chart's configuration, its folders moved to one of the test's."""

    def __init__(self, folder):
        self.port = free_port()
        self.passwords = {user: f"{user}'s pass word #1" for user in USERS}
        with helm_python.Chart.load(CHART) as chart:
            rendered = chart.render({"bot": {"token": {"existingSecret": "t"}}}, name="edit", namespace="photos")
        (config,) = (
            yaml.safe_load(text) for path, text in rendered.items() if path.endswith("templates/redis/configmap.yaml")
        )
        for name, text in config["data"].items():
            moved = text.replace("/run/valkey", str(folder)).replace("/etc/valkey", str(folder))
            moved = moved.replace("dir /data", f"dir {folder}").replace("port 6379", f"port {self.port}\nbind {HOST}")
            (folder / name).write_text(moved.replace("exec valkey-server", f"exec {redis_program()}"))
        (stateful,) = (
            yaml.safe_load(text.partition("\n---")[0])
            for path, text in rendered.items()
            if path.endswith("templates/redis/statefulset.yaml")
        )
        (container,) = stateful["spec"]["template"]["spec"]["containers"]
        probe = container["livenessProbe"]["exec"]["command"]
        client = f"{sys.executable} -m tests.integration.chart.ping {self.port}"
        self.liveness = [word.replace("valkey-cli", client) for word in probe]
        self._script = folder / "start.sh"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self):
        secrets = {f"{user.upper()}_PASSWORD": password for user, password in self.passwords.items()}
        self._process = await asyncio.create_subprocess_exec(
            "sh", self._script, env={"PATH": os.environ["PATH"], **secrets}, stdout=asyncio.subprocess.DEVNULL
        )
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

    async def alive(self):
        """Ask as the liveness probe's command does: with the chart's own shell words."""
        process = await asyncio.create_subprocess_exec(
            *self.liveness, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait() == 0

    async def kill(self):
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()

    def client(self, user, *, decode=True):
        return Redis(port=self.port, username=user, password=self.passwords[user], decode_responses=decode)


@pytest.fixture
async def server(tmp_path):
    server = Server(tmp_path)
    await server.start()
    yield server
    await server.kill()
