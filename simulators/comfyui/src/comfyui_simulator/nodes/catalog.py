"""The nodes the simulator knows: a recorded subset of a real server's `/object_info`, with this server's own files."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODEL_INPUTS = {
    ("UNETLoader", "unet_name"): "diffusion_models",
    ("CLIPLoader", "clip_name"): "text_encoders",
    ("VAELoader", "vae_name"): "vae",
    ("LoraLoaderModelOnly", "lora_name"): "loras",
    ("UpscaleModelLoader", "model_name"): "upscale_models",
}
PRODUCTION_MODELS = (
    "diffusion_models/qwen_image_edit_2511_fp8mixed.safetensors",
    "text_encoders/qwen_2.5_vl_7b_fp8_scaled.safetensors",
    "vae/qwen_image_vae.safetensors",
    "loras/Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors",
)
"""`folder/name` of the files that the default workflow names."""

MODELS = (
    *PRODUCTION_MODELS,
    "diffusion_models/qwen_image_edit_2509_fp8_e4m3fn.safetensors",
    "loras/Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors",
    "upscale_models/RealESRGAN_x4plus.pth",
)
"""Those which the loaders offer: of all bundled workflows whose nodes the simulator knows."""
BUILT_IN_VAES = ("pixel_space",)


@dataclass(frozen=True)
class InputSpec:
    """One input of a node.

    Attributes:
        kind: A socket or widget type; `COMBO` for a choice.
        choices: What a `COMBO` accepts.
        config: The input's declaration as `/object_info` shows it, which error answers repeat.
    """

    name: str
    kind: str
    required: bool
    choices: tuple[str, ...]
    config: list[Any]

    @property
    def options(self) -> Mapping[str, Any]:
        """Limits and defaults, such as `min` and `max`."""
        return self.config[1] if len(self.config) > 1 else {}


@dataclass(frozen=True)
class NodeSpec:
    """A node class."""

    name: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[str, ...]
    is_output: bool


class Catalog:
    """Answers `/object_info` and tells the validator what it may accept.

    Args:
        models: Names of the model files in a folder, asked for each time since faults take files away.
    """

    def __init__(self, models: Callable[[str], tuple[str, ...]]) -> None:
        recording = json.loads(
            resources.files("comfyui_simulator.nodes").joinpath("recorded/object_info.json").read_text()
        )
        self._nodes: dict[str, Any] = recording["nodes"]
        self._models = models
        self.version: str = recording["comfyui_version"]

    def info(self, name: str) -> dict[str, Any] | None:
        """The `/object_info` entry of a class, or None where there is no such class."""
        recorded = self._nodes.get(name)
        if recorded is None:
            return None
        entry: dict[str, Any] = copy.deepcopy(recorded)
        for (node, field), folder in MODEL_INPUTS.items():
            if node == name:
                built_in = BUILT_IN_VAES if folder == "vae" else ()
                declared = entry["input"]["required"][field]
                if declared[0] == "COMBO":
                    declared[1]["options"] = list(self._models(folder))
                else:
                    declared[0] = [*self._models(folder), *built_in]
        return entry

    def spec(self, name: str) -> NodeSpec | None:
        """The class in the validator's terms."""
        entry = self.info(name)
        if entry is None:
            return None
        inputs = tuple(
            _input_spec(field, config, required=group == "required")
            for group in ("required", "optional")
            for field, config in entry["input"].get(group, {}).items()
        )
        return NodeSpec(name, inputs, tuple(entry["output"]), bool(entry["output_node"]))


def _input_spec(name: str, config: list[Any], *, required: bool) -> InputSpec:
    """Read a declaration of the old schema, `[[choices], {...}]`, or the new, `["COMBO", {"options": ...}]`."""
    kind = config[0]
    options: Mapping[str, Any] = config[1] if len(config) > 1 else {}
    if isinstance(kind, list):
        return InputSpec(name, "COMBO", required, tuple(kind), config)
    choices = tuple(options.get("options", ())) if kind == "COMBO" else ()
    return InputSpec(name, kind, required, choices, config)
