"""What a simulator is started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1024 * 1024

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


@dataclass(frozen=True, kw_only=True)
class Config:
    """Where the simulator listens and how fast its pretended GPU is.

    Attributes:
        data_dir: Holds `input`, `output` and `temp`, like ComfyUI's own directories.
        port: Port to listen on; 0 takes a free one.
        step_seconds: How long one sampling step takes.
        load_seconds: How long the first load of a diffusion model takes.
        max_upload_bytes: Larger request bodies are answered 413. ComfyUI's default is 100 MB.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8188
    step_seconds: float = 0.5
    load_seconds: float = 0.0
    max_upload_bytes: int = 100 * MEGABYTE
