"""Fail the image's build where ComfyUI's release needs more than is installed: requirements_check.py LIST LEFT_OUT.

ComfyUI's source and requirements.txt are pinned apart, so that a new commit can name a package that the lock lacks. It
would show as nodes that are missing at run time.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements(path: Path) -> list[Requirement]:
    """Read a list of requirements, without its comments."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


def missing(needed: list[Requirement], left_out: list[Requirement]) -> list[str]:
    """Say what is not installed as it is needed."""
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


if __name__ == "__main__":
    troubles = missing(requirements(Path(sys.argv[1])), requirements(Path(sys.argv[2])))
    if troubles:
        raise SystemExit("ComfyUI needs what image/requirements.in does not name:\n" + "\n".join(troubles))
