#!/usr/bin/env python3
"""Make a chart name its images by digest: `pin_chart.py CHART REGISTRY bot=sha256:… valkey/valkey=sha256:… …`.

A name without a slash is an image of ours, in the registry.
"""

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
        image = rf"(^ +repository: )(?:\S+/)?{re.escape(name)}\n((?: +(?:#.*|tag: .*)\n)*)( +digest: )\"\"\n"
        pin = rf"\g<1>{address(registry, name)}\n\g<2>\g<3>{digest}\n"
        values, count = re.subn(image, pin, values, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"values.yaml has {count} places for the digest of {name}, not one")
    return values


def address(registry: str, name: str) -> str:
    """Return where an image is, without its digest."""
    return name if "/" in name else f"{registry}/{name}"


def listed(chart: str, registry: str, digests: dict[str, str]) -> str:
    """Return the text of Chart.yaml with the images in its last key, the annotations, as Artifact Hub reads them."""
    images = [
        f"    - {{name: {name.rpartition('/')[2]}, image: {address(registry, name)}@{digest}}}\n"
        for name, digest in digests.items()
    ]
    return f"{chart}  artifacthub.io/images: |\n{''.join(images)}"


if __name__ == "__main__":
    chart, to, *pairs = sys.argv[1:]
    found = dict(pair.split("=", 1) for pair in pairs)
    for name, change in (("values.yaml", pinned), ("Chart.yaml", listed)):
        file = Path(chart) / name
        file.write_text(change(file.read_text(), to, found))
