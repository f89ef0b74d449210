"""A revision of this repository beside the one that runs: its files, its environment and its images."""

from __future__ import annotations

import asyncio
import os
import shlex
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

IMAGES = ("bot", "worker", "comfyui-simulator")
BUILT = "==> "
"""What build-images.sh prints before the name of an image."""
TELEGRAM = "telegram-simulator"
"""Of this revision alone: people chat on through all versions of the product."""


class CommandError(Exception):
    """A command failed; the message has what it printed."""


async def run(*argv: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a command to its end; returns what it printed.

    Raises:
        CommandError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=cwd, env={**os.environ, **(env or {})}, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, _err = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CommandError(f"{shlex.join(argv)}: exit code {process.returncode}\n{out.decode()[-4000:]}")
    return out.decode()


async def last_release() -> str:
    """Name the tag of the last release that this revision has; HEAD where there is none."""
    try:
        return (await run("git", "describe", "--tags", "--abbrev=0", "--match=v*")).strip()
    except CommandError:
        return "HEAD"


@asynccontextmanager
async def checked_out(revision: str, folder: Path) -> AsyncIterator[Path]:
    """Check a revision out into a folder for as long as the block runs."""
    await run("git", "worktree", "add", "--detach", str(folder), revision)
    try:
        yield folder
    finally:
        await run("git", "worktree", "remove", "--force", str(folder))


async def environment(checkout: Path) -> Path:
    """Make a checkout's environment where there is none; returns its Python."""
    python = checkout / ".venv/bin/python"
    if not python.exists():
        uv = os.environ.get("UV", "uv")
        without = dict.fromkeys(("VIRTUAL_ENV", "PYTHONPATH"), "")
        await run(uv, "sync", "--frozen", "--all-packages", "--quiet", cwd=checkout, env=without)
    return python


async def build(checkout: Path, tag: str, *more: str) -> list[str]:
    """Build a checkout's images; `CONTAINER_TOOL` says with what. Returns their names."""
    printed = await run("k8s/build-images.sh", *IMAGES, *more, cwd=checkout, env={"TAG": tag, "REGISTRY": ""})
    return [line.removeprefix(BUILT) for line in printed.splitlines() if line.startswith(BUILT)]


async def load(*images: str) -> None:
    """Put images onto the cluster's nodes; `IMAGE_LOADER` says how."""
    loader = shlex.split(os.environ.get("IMAGE_LOADER", "kind load docker-image --name qwenedit"))
    for image in images:
        await run(*loader, image)
