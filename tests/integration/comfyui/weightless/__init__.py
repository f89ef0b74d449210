"""Custom nodes for a real ComfyUI without weights: models that pass a picture on, so that its sizes can be followed.

Link this folder into ComfyUI's `custom_nodes`, and put empty files under the models' names; see
simulators/comfyui/README.md. What loads and samples is replaced. All that scales, pads, cuts, chains references and
saves is ComfyUI's own. A latent picture has the mean colours of each 8 x 8 pixels in its first channels.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import comfy.model_management
import comfy.model_patcher
import comfy.sd
import nodes
import torch
from comfy_api.latest._io import NodeOutput

LATENT_PIXEL, CHANNELS, UPSCALED = 8, 16, 4


class Model:
    """A diffusion model that no patch changes."""

    model = SimpleNamespace(model_config=None)

    def clone(self) -> Model:
        """Give the same."""
        return self

    def get_model_object(self, _name: str) -> None:
        """Have no sampling of its own, which ModelSamplingAuraFlow looks at since 0.33."""

    def add_object_patch(self, *_patch: Any) -> None:
        """Take the shift of ModelSamplingAuraFlow."""

    def set_model_sampler_post_cfg_function(self, *_function: Any, **_options: Any) -> None:
        """Take the norm of CFGNorm."""


class Text:
    """A text encoder that says nothing."""

    def tokenize(self, *_text: Any, **_pictures: Any) -> dict[str, Any]:
        """Make no token."""
        return {}

    def encode_from_tokens_scheduled(self, _tokens: Any) -> list[Any]:
        """Make a conditioning to which references are added."""
        return [[torch.zeros(1, 1, 1), {"pooled_output": None}]]


class Codec(comfy.sd.VAE):  # type: ignore[misc]  # ComfyUI is not installed where types are checked
    """An image codec with the real one's factor, and ComfyUI's own cutting to whole latent pixels."""

    def __init__(self) -> None:
        self.crop_input, self.downscale_ratio, self.upscale_ratio = True, LATENT_PIXEL, LATENT_PIXEL
        self.output_channels, self.pad_channel_value = 3, None

    def encode(self, pixel_samples: Any) -> Any:
        """Average."""
        colours = self.vae_encode_crop_pixels(pixel_samples).movedim(-1, 1)
        small = torch.nn.functional.avg_pool2d(colours, LATENT_PIXEL)
        return torch.cat([small, torch.zeros_like(small[:, :1]).repeat(1, CHANNELS - 3, 1, 1)], dim=1)

    def decode(self, samples_in: Any, *_args: Any, **_options: Any) -> Any:
        """Repeat."""
        return torch.nn.functional.interpolate(samples_in[:, :3], scale_factor=LATENT_PIXEL).movedim(1, -1)


class Upscaler(torch.nn.Module):  # type: ignore[misc]  # nor is torch
    """An upscaling model that repeats pixels."""

    scale = UPSCALED

    def __init__(self) -> None:
        super().__init__()
        self.model = torch.nn.Identity()
        devices = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
        self.patcher = comfy.model_patcher.ModelPatcher(self.model, *devices)

    def forward(self, pixels: Any) -> Any:
        """Repeat."""
        return torch.nn.functional.interpolate(pixels, scale_factor=UPSCALED)


class Mark:
    """A node that does nothing, by which a client finds out that these are here."""

    RETURN_TYPES, FUNCTION, CATEGORY = (), "run", "qwenedit"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
        """Take nothing."""
        return {"required": {}}

    def run(self) -> tuple[()]:
        """Do nothing."""
        return ()


def sample(_self: Any, *, positive: Any, latent_image: Any, **_settings: Any) -> dict[str, Any]:
    """Make the first reference the result, as a perfect edit that changes nothing would; tell all sizes.

    Raises:
        ValueError: the latent picture and its reference differ in size.
    """
    latent = latent_image["samples"]
    references = positive[0][1].get("reference_latents", [])
    sizes = {"latent": [list(latent.shape[-2:])], "references": [list(each.shape[-2:]) for each in references]}
    if sizes["references"][:1] != sizes["latent"]:
        raise ValueError(f"a reference differs from the latent picture: {sizes}")
    return {"ui": sizes, "result": ({"samples": references[0]},)}


nodes.UNETLoader.load_unet = lambda *_args, **_names: (Model(),)
nodes.LoraLoaderModelOnly.load_lora_model_only = lambda _self, model, **_names: (model,)
nodes.CLIPLoader.load_clip = nodes.DualCLIPLoader.load_clip = lambda *_args, **_names: (Text(),)
nodes.VAELoader.load_vae = lambda *_args, **_names: (Codec(),)
nodes.KSampler.sample = sample
nodes.NODE_CLASS_MAPPINGS["UpscaleModelLoader"].execute = classmethod(lambda *_args, **_names: NodeOutput(Upscaler()))

NODE_CLASS_MAPPINGS = {"QweneditWeightless": Mark}
