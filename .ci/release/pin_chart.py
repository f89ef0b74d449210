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


def listed(chart: str, registry: str, digests: dict[str, str]) -> str:
    """Return the text of Chart.yaml with the images in its last key, the annotations, as Artifact Hub reads them."""
    images = [f"    - {{name: {name}, image: {registry}/{name}@{digest}}}\n" for name, digest in digests.items()]
    return f"{chart}  artifacthub.io/images: |\n{''.join(images)}"


if __name__ == "__main__":
    chart, to, *pairs = sys.argv[1:]
    found = dict(pair.split("=", 1) for pair in pairs)
    for name, change in (("values.yaml", pinned), ("Chart.yaml", listed)):
        file = Path(chart) / name
        file.write_text(change(file.read_text(), to, found))
