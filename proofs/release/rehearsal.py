"""A clone of this repository that is released under a version of its own."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = ["bot", "worker", "comfyui-simulator", "telegram-simulator"]
"""All but ComfyUI's, which needs GitHub and 6 GB."""
WHO = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com")


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A release that is tried out."""

    clone: Path
    registry: str
    version: str

    @property
    def chart(self) -> str:
        """Where the chart goes."""
        return f"{self.registry}/charts/qwenedit"

    @property
    def dist(self) -> Path:
        """What the stages leave."""
        return self.clone / "dist"

    @property
    def key(self) -> Path:
        """The private key that signs in place of the workflow."""
        return self.clone.parent / "signer.key"

    @classmethod
    async def cloned(cls, root: Path, folder: Path, registry: str) -> Self:
        """Clone a repository's last commit, and do there what a maintainer does before a release.

        Args:
            root: Whose commit and whose tools.
            folder: Where the clone goes.
            registry: Host, port and path.
        """
        rehearsal = cls(clone=folder / "clone", registry=registry, version=f"0.0.0-alpha.{int(time.time())}")
        await run("git", "clone", "--quiet", str(root), str(rehearsal.clone))
        tools = root / ".local/release-tools"  # built once
        tools.mkdir(parents=True, exist_ok=True)
        (rehearsal.clone / ".local").mkdir()
        (rehearsal.clone / ".local/release-tools").symlink_to(tools)
        await rehearsal(".ci/release/version.py", "set", rehearsal.version)
        await rehearsal("git", *WHO, "commit", "--quiet", "--all", "--message", f"Release: {rehearsal.version}")
        await rehearsal("git", "tag", f"v{rehearsal.version}")
        await rehearsal.key_pair("signer")
        return rehearsal

    async def __call__(self, *command: str) -> str:
        """Run a command in the clone; returns what it printed."""
        return await run(*command, folder=self.clone, environment=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """What the stages are told."""
        return {
            **os.environ,
            "COSIGN_PASSWORD": "",
            "PATH": f"{self.clone / '.local/release-tools'}:{os.environ['PATH']}",
            "PLAIN_HTTP": "1",
            "REGISTRY": self.registry,
            "SIGNING_KEY": str(self.key),
            "WITHOUT": "comfyui",
        }

    async def key_pair(self, name: str) -> None:
        """Make a private key and its public half beside the clone."""
        await self(".ci/release/tools.sh", "cosign", "crane", "syft")
        await self("cosign", "generate-key-pair", "--output-key-prefix", str(self.clone.parent / name))

    async def stage(self, *stage: str, **changed: str) -> tuple[int, str]:
        """Run a stage of a release; returns its exit code and all that it printed."""
        return await attempt(
            ".ci/release/release.sh", *stage, folder=self.clone, environment={**self.environment, **changed}
        )

    async def crane(self, *command: str) -> None:
        """Change what is in the registry."""
        await self("crane", "--insecure", *command)

    async def verified(self, image: str) -> tuple[int, str]:
        """Verify an image by the signer's public key; returns cosign's exit code and what it printed."""
        public = str(self.key.with_suffix(".pub"))
        command = ("cosign", "verify", "--allow-http-registry", "--insecure-ignore-tlog", "--key", public, image)
        return await attempt(*command, folder=self.clone, environment=self.environment)

    def digests(self) -> dict[str, str]:
        """Return the digest of each image that was published."""
        return {path.name: path.read_text().strip() for path in (self.dist / "digests").iterdir()}

    async def forget_images(self) -> None:
        """Delete the images from this machine's storage: they are in the registry, and each rehearsal makes a GB."""
        built = [path.name.rpartition(".") for path in (self.dist / "images").glob("*.*")]
        names = [f"{self.registry}/{name}:{self.version}-{architecture}" for name, _, architecture in built]
        await attempt("buildah", "rmi", *names, environment=self.environment)

    async def installed_manifests(self) -> str:
        """Render the chart that lies in the registry, as an installation does."""
        return await self(
            "helm", "template", "qwenedit", f"oci://{self.chart}", f"--version={self.version}", "--plain-http",
            "--set=bot.token.existingSecret=telegram",
        )  # fmt: skip


async def attempt(
    *command: str, folder: Path | None = None, environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run a command to its end; returns its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


async def run(*command: str, folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; returns what it printed.

    Raises:
        RuntimeError: it failed.
    """
    code, output = await attempt(*command, folder=folder, environment=environment)
    if code:
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{output}")
    return output
