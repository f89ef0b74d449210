"""A run that goes on where the last one in its folder ended, however that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_stack.keep.log_file import LogFile
from local_stack.keep.supervisor import Kept, Supervisor
from local_stack.redis_server import RedisServer, redis_program
from local_stack.run.build import Parts

if TYPE_CHECKING:
    from local_stack.keep.folder import DataFolder
    from local_stack.run.console import Console
    from local_stack.run.settings import StackSettings

REDIS_OPTIONS = ("--appendfsync", "always", "--maxmemory", "1gb", "--maxmemory-policy", "noeviction")
"""As the chart sets them for a bot and a Redis on one node: what was confirmed outlives a power failure."""
WORKER_MARGIN = 60.0
"""Seconds beyond a job's longest time in which a worker settles it, as in the chart."""
BOT_SECONDS, REDIS_SECONDS = 30.0, 60.0


def redis_of(folder: DataFolder, *options: str) -> RedisServer:
    """Make the Redis of a folder; it has the folder's lock for as long as it runs."""
    redis = RedisServer(
        folder.redis,
        password=folder.secret("redis"),
        program=redis_program(packaged=True),
        options=(*REDIS_OPTIONS, *options),
    )
    redis.held_files = (folder.lock,)
    return redis


class DurableRun:
    """The parts of a durable run, and the folder in which everything is that they keep.

    Args:
        settings: Choices of the person who runs it.
        console: Where lines go beside the file.
        folder: The folder.
        greeting: What is said when users are answered.

    Raises:
        StackError: the port is busy, or there is no Redis here.
    """

    def __init__(self, settings: StackSettings, console: Console, folder: DataFolder, *, greeting: str) -> None:
        self._console, self._folder = console, folder
        password = folder.secret("redis")
        redis = redis_of(folder)
        self.parts = Parts(settings, folder.path, redis, password=password)
        folder.publish({"REDIS_URL": redis.url, "REDIS_PASSWORD": password})
        self._log = LogFile(folder.log, on_failure=console.say)
        # The worker stops first: the bot is there for the answer of its last job.
        self._kept = [
            Kept(redis, stop_seconds=REDIS_SECONDS),
            *map(Kept, self.parts.simulators),
            Kept(self.parts.bot, stop_seconds=BOT_SECONDS, waits_for="Telegram", when_ready=greeting),
            Kept(
                self.parts.worker,
                stop_seconds=settings.job_seconds + WORKER_MARGIN,
                waits_for=f"ComfyUI at {self.parts.comfyui_url}, with the models of its workflow",
            ),
        ]

    def line(self, name: str, line: str) -> None:
        """Take a line of a part; what Redis says of the kernel's settings is in the file alone."""
        if name != "redis" or "WARNING" not in line:
            self._console.line(name, line)
        self._log.line(name, line)

    def say(self, text: str) -> None:
        """Say something of the run's own."""
        self._console.say(text)
        self._log.line("run", text)

    async def serve(self) -> None:
        """Keep the parts running until cancelled."""
        self.say(f"Data and logs: {self._folder.path}")
        try:
            await Supervisor(self._kept, say=self.say).run()
        finally:
            self.say("All parts have ended.")
            self._log.close()
