"""Fail the image's build where its packages do not fit its ComfyUI, or a node of ComfyUI cannot be imported.

ComfyUI's source and the lock are pinned apart, so that a new commit can name a package that the lock lacks. It would
show as nodes that are missing at run time.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

COMFYUI = Path("/opt/comfyui")
LEFT_OUT = Path(__file__).with_name("left-out.txt")
FOLDERS = ("--input-directory", "--output-directory", "--temp-directory", "--user-directory", "--front-end-root")


def requirements(path: Path) -> list[Requirement]:
    """Read a list of requirements, without its comments."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def missing(needed: list[Requirement], left_out: list[Requirement]) -> list[str]:
    """List packages that aren't installed as required."""
    without = {canonicalize_name(requirement.name) for requirement in left_out}
    troubles = []
    for requirement in needed:
        if canonicalize_name(requirement.name) in without:
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            troubles.append(f"{requirement}: not installed")
            continue
        if version not in requirement.specifier:
            troubles.append(f"{requirement}: {version} is installed")
    return troubles


def start() -> str:
    """Start ComfyUI once without a GPU, and return its log.

    Raises:
        SystemExit: it does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "main.py", "--cpu", "--quick-test-for-ci", "--disable-all-custom-nodes"]
        command += ["--disable-api-nodes", "--database-url", "sqlite:///:memory:"]
        command += [argument for flag in FOLDERS for argument in (flag, folder)]
        done = subprocess.run(  # noqa: S603 - the image's own program
            command, cwd=COMFYUI, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"ComfyUI does not start:\n{done.stdout}")
    return done.stdout


def main() -> None:
    """Check both."""
    if troubles := missing(requirements(COMFYUI / "requirements.txt"), requirements(LEFT_OUT)):
        raise SystemExit("ComfyUI needs what image/requirements.in does not name:\n" + "\n".join(troubles))
    if failed := [line for line in start().splitlines() if "IMPORT FAILED" in line]:
        raise SystemExit("ComfyUI lacks nodes:\n" + "\n".join(failed))


if __name__ == "__main__":
    main()
