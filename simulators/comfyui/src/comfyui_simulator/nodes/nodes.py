"""What each node does with its inputs.

The nodes without a model do what they say. Those with one pass on who they are, until KSampler makes the simulated
edit at the size of its latent picture. `run.py` has what LoadImage, SaveImage and KSampler need of the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps, UnidentifiedImageError

from comfyui_simulator.nodes import effects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LATENT_PIXEL = 8
"""A latent picture's side counts in eights of a pixel picture's."""

EXIF_ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_180,
    5: Image.Transpose.ROTATE_270,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_90,
}
"""How LoadImage turns a photo of each EXIF orientation.

It reads photos with PyAV (comfy_api/latest/_input_impl/video_types.py), whose `frame.rotation` knows no mirrors: 2
comes out upside down, 4 as it is stored. Seen with PyAV 18.1, with JPEG, PNG and WebP.
"""

PADDING = (128, 128, 128)
"""What ImagePadForOutpaint puts around a picture (nodes.py)."""

UPSCALED = 4
"""Times by which upscaling models enlarge each side, where the file's name does not say `x2`."""

RESAMPLING = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class NodeError(Exception):
    """A node failed.

    Attributes:
        exception_type: The name that ComfyUI would report, such as `torch.OutOfMemoryError`.
    """

    def __init__(self, message: str, *, exception_type: str = "RuntimeError") -> None:
        super().__init__(message)
        self.exception_type = exception_type


@dataclass(frozen=True)
class Instruction:
    """A text for the model, and the pictures it speaks of."""

    text: str
    pictures: tuple[Image.Image, ...] = ()


def run(class_type: str, inputs: dict[str, Any]) -> tuple[Any, ...]:
    """Run one node; returns its outputs."""
    made = NODES[class_type](**inputs)
    return made if isinstance(made, tuple) else (made,)


def load_image(path: Path | None) -> tuple[Image.Image, None]:
    """Read an upload as LoadImage does; its mask is not modelled.

    Raises:
        NodeError: It is no picture.
    """
    try:
        with Image.open(path or "") as file:
            picture, turn = file.convert("RGB"), TURNS.get(file.getexif().get(EXIF_ORIENTATION, 1))
            return (picture if turn is None else picture.transpose(turn)), None
    except (OSError, UnidentifiedImageError) as error:
        raise NodeError(str(error), exception_type="PIL.UnidentifiedImageError") from error


def sample(*, positive: Instruction, latent_image: Image.Image, seed: int, **_: object) -> Image.Image:
    """Make the simulated edit."""
    return effects.edit(latent_image, positive.pictures[1:], text=positive.text, seed=seed)


def _scale(*, image: Image.Image, width: int, height: int, upscale_method: str, crop: str, **_: object) -> Image.Image:
    if not width and not height:
        return image
    # A side of 0 follows from the other one.
    width = width or max(1, round(image.width * height / image.height))
    height = height or max(1, round(image.height * width / image.width))
    resampling = RESAMPLING[upscale_method]
    if crop == "center":
        return ImageOps.fit(image, (width, height), resampling)
    return image.resize((width, height), resampling)


def _crop(*, image: Image.Image, x: int, y: int, width: int, height: int, **_: object) -> Image.Image:
    left, top = min(x, image.width - 1), min(y, image.height - 1)
    return image.crop((left, top, min(left + width, image.width), min(top + height, image.height)))


def _pad(*, image: Image.Image, left: int, top: int, right: int, bottom: int, **_: object) -> tuple[Image.Image, None]:
    padded = Image.new("RGB", (image.width + left + right, image.height + top + bottom), PADDING)
    padded.paste(image, (left, top))
    return padded, None


def _upscale(*, image: Image.Image, upscale_model: str, **_: object) -> Image.Image:
    times = 2 if "x2" in upscale_model.lower() else UPSCALED
    return image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)


def _empty(*, width: int, height: int, color: int, **_: object) -> Image.Image:
    return Image.new("RGB", (width, height), (color >> 16 & 255, color >> 8 & 255, color & 255))


def _instruct(*, prompt: str, **pictures: object) -> Instruction:
    given = (pictures.get(name) for name in ("image1", "image2", "image3"))
    return Instruction(prompt, tuple(picture for picture in given if isinstance(picture, Image.Image)))


def _encode(*, pixels: Image.Image, **_: object) -> Image.Image:
    width, height = (side // LATENT_PIXEL * LATENT_PIXEL for side in pixels.size)
    left, top = (pixels.width - width) // 2, (pixels.height - height) // 2
    return pixels.crop((left, top, left + width, top + height))


def _pass_on(name: str) -> Callable[..., Any]:
    """Make a node that loads, or changes, something this simulator does not model."""
    return lambda **inputs: inputs[name]


NODES: dict[str, Callable[..., Any]] = {
    "CFGNorm": _pass_on("model"),
    "CLIPLoader": _pass_on("clip_name"),
    "EmptyImage": _empty,
    "FluxKontextMultiReferenceLatentMethod": _pass_on("conditioning"),
    "ImageCrop": _crop,
    "ImageInvert": lambda *, image: ImageOps.invert(image),
    "ImagePadForOutpaint": _pad,
    "ImageScale": _scale,
    "ImageUpscaleWithModel": _upscale,
    "KSampler": sample,
    "LoraLoaderModelOnly": _pass_on("model"),
    "ModelSamplingAuraFlow": _pass_on("model"),
    "ReferenceLatent": _pass_on("conditioning"),
    "SaveImage": _pass_on("images"),
    "TextEncodeQwenImageEditPlus": _instruct,
    "UNETLoader": _pass_on("unet_name"),
    "UpscaleModelLoader": _pass_on("model_name"),
    "VAEDecode": _pass_on("samples"),
    "VAEEncode": _encode,
    "VAELoader": _pass_on("vae_name"),
}
