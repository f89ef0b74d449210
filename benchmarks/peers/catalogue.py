"""The queues that are measured, and with what settings."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from qwenedit_testkit import ROOT

REQUIREMENTS = Path(__file__).with_name("requirements")
ENVIRONMENTS = ROOT / ".local" / "peers"


@dataclass(frozen=True, slots=True)
class Peer:
    """One queue in one setting.

    Args:
        name: As it is asked for.
        title: As it is shown; `{version}` stands for the release.
        module: In `benchmarks.peers.queues`.
        settings: What is set, and why.
        package: Whose release is shown; empty for what runs in this project's environment.
    """

    name: str
    title: str
    module: str
    settings: str
    package: str = ""

    @property
    def requirements(self) -> Path:
        """The pinned packages of its environment."""
        return REQUIREMENTS / f"{self.module}.txt"

    @property
    def shown(self) -> str:
        """Its title with its release."""
        if not self.package:
            return self.title
        found = re.search(rf"^{re.escape(self.package)}==(\S+)$", self.requirements.read_text(), re.MULTILINE)
        return f"{self.title} {found[1] if found else '?'}"

    def python(self) -> str:
        """Return the interpreter of its environment, which is made where it is missing or not as pinned."""
        if not self.package:
            return sys.executable
        return str(environment(self.module, self.requirements))


def environment(name: str, requirements: Path) -> Path:
    """Make an environment of pinned packages with uv, unless it is there; returns its interpreter."""
    folder = ENVIRONMENTS / name
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / "made-from"
    python = folder / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        uv = os.environ.get("UV") or shutil.which("uv") or "uv"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)  # noqa: S603 - uv
        install = [uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(requirements)]
        subprocess.run(install, check=True)  # noqa: S603 - uv
        stamp.write_text(wanted)
    return python


FLOOR = Peer("floor", "floor: LPUSH, BRPOP", "floor", "redis-py alone; a popped job is known to nobody else.")
OURS = Peer(
    "ours",
    "ours",
    "ours",
    "Lease 10 s (the least that is allowed; default 30), 10 attempts, no pause between them, so that redelivery is the "
    "lease's alone. The queue's scripts and the worker's own loop with the edit left out; each job has a picture in "
    "Redis, which is read, and a result, which is written. On uvloop, as the product's worker.",
)
PEERS = (
    Peer(
        "streaq",
        "streaQ",
        "streaq",
        "`concurrency=1`, `idle_timeout=10` (default 60), `max_tries=30`.",
        package="streaq",
    ),
    Peer(
        "rq",
        "RQ",
        "rq",
        "`SimpleWorker` (no fork for each job), `job_timeout=10`, to which RQ adds 60 s before it takes a job for "
        "abandoned, `Retry(max=30)`, maintenance each second (default 600), `worker_ttl=16` so that an idle worker "
        "comes to it.",
        package="rq",
    ),
    Peer(
        "celery",
        "Celery",
        "celery",
        "`acks_late`, `reject_on_worker_lost`, `prefetch_multiplier=1`, `visibility_timeout=10` (default 3600), "
        "`unacked_restore_interval=1` and `unacked_restore_throttle=1`, solo pool, no results, no gossip.",
        package="celery",
    ),
)
