"""Records what a real ComfyUI says of its nodes: `python -m comfyui_simulator.nodes.record_object_info URL`.

Prints JSON for `recorded/object_info.json`, a line for each node, with the parts that a client can depend on.
Descriptions and tooltips are left out. So are the lists of files, which the simulator fills from its own folders.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

from comfyui_simulator.nodes.nodes import NODES

PROSE = ("description", "tooltip", "output_tooltips", "search_aliases", "essentials_category")


def without_prose(value: Any) -> Any:
    """The same JSON without the keys that only a person reads."""
    if isinstance(value, dict):
        return {key: without_prose(part) for key, part in value.items() if key not in PROSE}
    if isinstance(value, list):
        return [without_prose(part) for part in value]
    return value


def fetch(url: str) -> Any:
    """GET a JSON document."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  # the operator names the server
        return json.load(answer)


def main() -> None:
    """Print the recording of the server named on the command line."""
    base = sys.argv[1].rstrip("/")
    info = fetch(f"{base}/object_info")
    nodes = {name: without_prose(info[name]) for name in sorted([*NODES, "LoadImage"])}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(node, ensure_ascii=False)}" for name, node in nodes.items())
    version = fetch(f"{base}/system_stats")["system"]["comfyui_version"]
    print(f'{{\n "comfyui_version": {json.dumps(version)},\n "nodes": {{\n{lines}\n }}\n}}')  # noqa: T201


if __name__ == "__main__":
    main()
