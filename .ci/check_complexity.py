#!/usr/bin/env python3
"""Print the product's functions that are too complex, and fail if there are any."""

from __future__ import annotations

import sys
from pathlib import Path

from radon.complexity import cc_visit
from radon.visitors import Function

MOST = 15  # as `radon cc` counts: branches, loops, boolean operators and ternaries, those of closures included
FOLDERS = ("packages/jobs", "packages/telemetry", "services")


def main() -> int:
    """Print each function above the limit, and count them."""
    count = 0
    for path in sorted(path for folder in FOLDERS for path in Path(folder).rglob("*.py")):
        for block in cc_visit(path.read_text(encoding="utf-8")):  # a class's methods stand beside it
            if isinstance(block, Function) and block.complexity > MOST:
                print(f"{path}:{block.lineno} {block.name} {block.complexity}")
                count += 1
    return count


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
