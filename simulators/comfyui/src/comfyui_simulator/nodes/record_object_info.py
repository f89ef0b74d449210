"""Records what a real ComfyUI says of its nodes: `python -m comfyui_simulator.nodes.record_object_info URL`.

Prints JSON for `recorded/object_info.json`, with the parts that a client can depend on. Descriptions and tooltips are
left out. So are the lists of files, which the simulator fills from its own folders.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

NODES = (
    "CFGNorm",
    "CLIPLoader",
    "CLIPTextEncode",
    "ConditioningZeroOut",
    "EmptyImage",
    "EmptyLatentImage",
    "EmptySD3LatentImage",
    "FluxKontextImageScale",
    "FluxKontextMultiReferenceLatentMethod",
    "ImageBlur",
    "ImageCrop",
    "ImageInvert",
    "ImagePadForOutpaint",
    "ImageScale",
    "ImageScaleToTotalPixels",
    "ImageUpscaleWithModel",
    "KSampler",
    "LoadImage",
    "LoraLoaderModelOnly",
    "ModelSamplingAuraFlow",
    "PreviewImage",
    "ReferenceLatent",
    "SaveImage",
    "TextEncodeQwenImageEditPlus",
    "UNETLoader",
    "UpscaleModelLoader",
    "VAEDecode",
    "VAEEncode",
    "VAELoader",
)
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
    recording = {
        "comfyui_version": fetch(f"{base}/system_stats")["system"]["comfyui_version"],
        "nodes": {name: without_prose(info[name]) for name in NODES},
    }
    json.dump(recording, sys.stdout, indent=1, ensure_ascii=False)
    print()  # noqa: T201


if __name__ == "__main__":
    main()
