#!/usr/bin/env python3
"""The product's version. The root's pyproject.toml says it, and all other places repeat it.

version.py                  print it
version.py set 0.2.0        write it everywhere, and put it above the unreleased changes of CHANGELOG.md
version.py check [v0.2.0]   fail where a place says another one, or where the tag does
version.py notes            print what CHANGELOG.md says of it
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(alpha|beta|rc)\.\d+)?")
"""Versions that Helm and Python both know."""
UNRELEASED = "## [Unreleased]\n"
PLACES = {
    "pyproject.toml": r'^version = "(.+)"$',
    "*/*/pyproject.toml": r'^version = "(.+)"$',
    "uv.lock": r'^version = "(.+)"\nsource = \{ (?:editable|virtual) = ',
    "charts/qwenedit/Chart.yaml": r"^(?:version|appVersion): (.+)$",
    "k8s/gitops/argocd-application.yaml": r"^ +targetRevision: (.+)$",
    "SECURITY.md": r"^VERSION=(\S+)",
}
"""Where the version stands: files, and what is before and after it."""


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = ("show", "registry", "repository", "set", "check", "notes")
    parser.add_argument("verb", nargs="?", choices=verbs, default="show")
    parser.add_argument("argument", nargs="?", default="")
    given = parser.parse_args()
    if given.verb == "set":
        if not SEMANTIC.fullmatch(given.argument):
            parser.error(f"{given.argument!r} is no version such as 0.2.0 or 0.2.0-rc.1")
        write(ROOT, given.argument)
    elif given.verb == "check":
        if complaints := check(ROOT, given.argument):
            sys.exit("\n".join(complaints))
    elif given.verb == "notes":
        print(absolute(notes(ROOT, version(ROOT)), project(ROOT)["tool"]["qwenedit"]["repository"], version(ROOT)))
    else:
        print(version(ROOT) if given.verb == "show" else project(ROOT)["tool"]["qwenedit"][given.verb])


def project(root: Path) -> dict[str, Any]:
    """Read the root's pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())


def version(root: Path) -> str:
    """Return the version that the root's pyproject.toml says."""
    found: str = project(root)["project"]["version"]
    return found


def write(root: Path, new: str) -> None:
    """Write a version everywhere; the unreleased changes become its own."""
    for path, pattern in _places(root):
        text = path.read_text()
        spans = [match.span(1) for match in re.finditer(pattern, text, re.MULTILINE)]
        for start, end in reversed(spans):
            text = text[:start] + new + text[end:]
        path.write_text(text)
    changelog = root / "CHANGELOG.md"
    today = dt.datetime.now(tz=dt.UTC).date()
    changelog.write_text(changelog.read_text().replace(UNRELEASED, f"{UNRELEASED}\n## [{new}] - {today}\n", 1))


def check(root: Path, tag: str) -> list[str]:
    """Say which places, or which tag, have another version than pyproject.toml."""
    expected = version(root)
    found = []
    for path, pattern in _places(root):
        versions = re.findall(pattern, path.read_text(), re.MULTILINE)
        if set(versions) != {expected}:
            found.append(f"{path.relative_to(root)} says {', '.join(versions) or 'no version'}, not {expected}")
    if tag and tag != f"v{expected}":
        found.append(f"the tag {tag} is not v{expected}, as pyproject.toml has it: make version VERSION=… comes first")
    if tag and not notes(root, expected):
        found.append(f"CHANGELOG.md says nothing under [{expected}]")
    return found


def notes(root: Path, of: str) -> str:
    """Return what CHANGELOG.md says of a version; empty where it says nothing."""
    section = re.search(
        rf"^## \[{re.escape(of)}\][^\n]*\n(.*?)(?=^## \[|\Z)",
        (root / "CHANGELOG.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return section[1].strip() if section else ""


def absolute(text: str, repository: str, of: str) -> str:
    """Return a text whose links to files lead there from any page, to the files of a version."""
    return re.sub(r"\]\((?!https?:|#)([^)\s]+)\)", rf"]({repository}/blob/v{of}/\1)", text)


def _places(root: Path) -> list[tuple[Path, str]]:
    return [(path, pattern) for glob, pattern in PLACES.items() for path in sorted(root.glob(glob))]


if __name__ == "__main__":
    main()
