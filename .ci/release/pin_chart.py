#!/usr/bin/env python3
"""Make a chart name the images that are released with it: `pin_chart.py CHART REGISTRY bot=sha256:… …`."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def pinned(values: str, registry: str, digests: dict[str, str]) -> str:
    """Return the text of values.yaml with a registry and a digest for each image; comments stay.

    Raises:
        ValueError: an image does not stand there once, with an empty digest.
    """
    for name, digest in digests.items():
        image = rf"(^ +repository: )\S+/{re.escape(name)}\n((?: +(?:#.*|tag: .*)\n)*)( +digest: )\"\"\n"
        values, count = re.subn(image, rf"\g<1>{registry}/{name}\n\g<2>\g<3>{digest}\n", values, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"values.yaml has {count} places for the digest of {name}, not one")
    return values


if __name__ == "__main__":
    chart, to, *pairs = sys.argv[1:]
    file = Path(chart) / "values.yaml"
    file.write_text(pinned(file.read_text(), to, dict(pair.split("=", 1) for pair in pairs)))
