"""Which inputs of ComfyUI's loaders name a model file, and in which folder it is (nodes.py)."""

from __future__ import annotations

MODEL_INPUTS = {
    ("CheckpointLoaderSimple", "ckpt_name"): "checkpoints",
    ("CLIPLoader", "clip_name"): "text_encoders",
    ("CLIPVisionLoader", "clip_name"): "clip_vision",
    ("ControlNetLoader", "control_net_name"): "controlnet",
    ("DualCLIPLoader", "clip_name1"): "text_encoders",
    ("DualCLIPLoader", "clip_name2"): "text_encoders",
    ("LoraLoader", "lora_name"): "loras",
    ("LoraLoaderModelOnly", "lora_name"): "loras",
    ("UNETLoader", "unet_name"): "diffusion_models",
    ("UpscaleModelLoader", "model_name"): "upscale_models",
    ("VAELoader", "vae_name"): "vae",
}
"""Folder by class and input."""


def loads_model(class_type: str) -> bool:
    """Whether a node's class loads a model. All that do have it in their names, those of custom nodes too.

    A server that has the model answers the node from its cache and does not run it. What such a node reads may reach
    the GPU only when it is first used, by the encoder or the sampler that follows.
    """
    return "Loader" in class_type


def model_file(class_type: str, input_name: str, name: str) -> str:
    """Say where a file belongs, as `folder/name`; the name alone where the folder is unknown."""
    folder = MODEL_INPUTS.get((class_type, input_name))
    return f"{folder}/{name}" if folder else name
