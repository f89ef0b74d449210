#!/usr/bin/env python3
"""Print how a release was made, as a predicate of SLSA's provenance 1.0; git and GitHub's environment say it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def predicate(repository: str, commit: str, tag: str, environment: dict[str, str]) -> dict[str, Any]:
    """Return the predicate; outside of GitHub the builder is nobody whom a verifier knows."""
    server, slug = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    run = f"{server}/{slug}/actions/runs/{environment.get('GITHUB_RUN_ID')}" if slug else ""
    workflow = environment.get("GITHUB_WORKFLOW_REF", "")
    return {
        "buildDefinition": {
            "buildType": f"{repository}/blob/main/docs/releases.md",
            "externalParameters": {"repository": repository, "ref": f"refs/tags/{tag}"},
            "resolvedDependencies": [
                {"uri": f"git+{repository}@refs/tags/{tag}", "digest": {"gitCommit": commit}},
            ],
        },
        "runDetails": {
            "builder": {"id": f"{server}/{workflow}" if workflow else "urn:qwenedit:by-hand"},
            "metadata": {"invocationId": run} if run else {},
        },
    }


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    said = predicate(
        project["tool"]["qwenedit"]["repository"],
        _git("rev-parse", "HEAD"),
        f"v{project['project']['version']}",
        dict(os.environ),
    )
    json.dump(said, sys.stdout, indent=2)
