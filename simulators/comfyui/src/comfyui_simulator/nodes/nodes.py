"""What each node does with its inputs.

The nodes without a model do what they say. Those with one pass on who they are, until KSampler makes the simulated
edit at the size of its latent picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from comfyui_simulator.common.errors import NodeError
from comfyui_simulator.nodes import effects
from comfyui_simulator.nodes.values import Clip, Conditioning, Latent, Mask, Model, Upscaler, Vae, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfyui_simulator.common.files import Files

KONTEXT_SIZES = tuple(
    size
    for narrow, wide in (
        (672, 1568),
        (688, 1504),
        (720, 1456),
        (752, 1392),
        (800, 1328),
        (832, 1248),
        (880, 1184),
        (944, 1104),
        (1024, 1024),
    )
    for size in ((narrow, wide), (wide, narrow))
)
"""The sizes of about one megapixel that FluxKontextImageScale chooses from (comfy_extras/nodes_flux.py)."""

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

V = TypeVar("V", Image.Image, Model, Clip, Vae, Conditioning, Latent, Upscaler)


class NodeContext(Protocol):
    """What a running node may use of the executor."""

    files: Files

    def load(self, model: Model) -> None:
        """Take the time of loading a model, unless it is loaded."""

    def save(self, picture: Image.Image, *, kind: str, prefix: str) -> dict[str, str]:
        """Write a picture, and name the file as `/view` takes it."""

    def step(self, value: int, total: int) -> None:
        """Take the time of one sampling step, and report it.

        Raises:
            Interrupted: Somebody cancelled the prompt.
            NodeError: A fault is armed.
        """


@dataclass(frozen=True)
class Inputs:
    """A node's resolved inputs."""

    values: Mapping[str, Any]

    def get(self, name: str, kind: type[V]) -> V:
        """A linked input of the kind that the validator made sure of."""
        value = self.values[name]
        if not isinstance(value, kind):
            raise NodeError(f"{name} is not of type {kind.__name__}", exception_type="TypeError")
        return value

    def text(self, name: str) -> str:
        """A text, or the name of a choice."""
        return str(self.values[name])

    def number(self, name: str) -> int:
        """A whole number."""
        return int(self.values[name])

    def pictures(self, *names: str) -> tuple[Image.Image, ...]:
        """Those of the optional pictures that are there."""
        return tuple(value for name in names if isinstance(value := self.values.get(name), Image.Image))


@dataclass(frozen=True)
class Result:
    """A node's outputs, and what it shows (`ui`): files it saved."""

    outputs: tuple[Value, ...]
    shown: dict[str, Any] = field(default_factory=dict)


def run(class_type: str, inputs: Inputs, bench: NodeContext) -> Result:
    """Run one node."""
    return NODES[class_type](inputs, bench)


def _load_image(inputs: Inputs, bench: NodeContext) -> Result:
    path = bench.files.input_path(inputs.text("image"))
    try:
        with Image.open(path) as file:
            picture, turn = file.convert("RGB"), TURNS.get(file.getexif().get(EXIF_ORIENTATION, 1))
            picture = picture if turn is None else picture.transpose(turn)
    except (OSError, UnidentifiedImageError) as error:
        raise NodeError(str(error), exception_type="PIL.UnidentifiedImageError") from error
    return Result((picture, Mask()))


def _save(kind: str) -> Callable[[Inputs, NodeContext], Result]:
    def save(inputs: Inputs, bench: NodeContext) -> Result:
        picture = inputs.get("images", Image.Image)
        prefix = inputs.text("filename_prefix") if kind == "output" else "ComfyUI_temp_simul"
        return Result((picture,), {"images": [bench.save(picture, kind=kind, prefix=prefix)]})

    return save


def _scale(inputs: Inputs, _bench: NodeContext) -> Result:
    picture = inputs.get("image", Image.Image)
    width, height = inputs.number("width"), inputs.number("height")
    if not width and not height:
        return Result((picture,))
    # A side of 0 follows from the other one.
    width = width or max(1, round(picture.width * height / picture.height))
    height = height or max(1, round(picture.height * width / picture.width))
    return Result((_resized(picture, (width, height), inputs.text("upscale_method"), inputs.text("crop")),))


def _scale_to_total_pixels(inputs: Inputs, _bench: NodeContext) -> Result:
    picture = inputs.get("image", Image.Image)
    factor = math.sqrt(float(inputs.values["megapixels"]) * 1024 * 1024 / (picture.width * picture.height))
    unit = int(inputs.values.get("resolution_steps", 1))
    width, height = (max(unit, round(side * factor / unit) * unit) for side in picture.size)
    return Result((_resized(picture, (width, height), inputs.text("upscale_method"), "disabled"),))


def _kontext_scale(inputs: Inputs, _bench: NodeContext) -> Result:
    picture = inputs.get("image", Image.Image)
    ratio = picture.width / picture.height
    size = min(KONTEXT_SIZES, key=lambda size: (abs(ratio - size[0] / size[1]), size))
    return Result((_resized(picture, size, "lanczos", "center"),))


def _resized(picture: Image.Image, size: tuple[int, int], method: str, crop: str) -> Image.Image:
    resampling = RESAMPLING[method]
    if crop == "center":
        return ImageOps.fit(picture, size, resampling)
    return picture.resize(size, resampling)


def _invert(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((ImageOps.invert(inputs.get("image", Image.Image)),))


def _blur(inputs: Inputs, _bench: NodeContext) -> Result:
    # The kernel ends at blur_radius; beyond three sigmas there is nothing left to cut off.
    radius = min(float(inputs.values["sigma"]), inputs.number("blur_radius"))
    return Result((inputs.get("image", Image.Image).filter(ImageFilter.GaussianBlur(radius)),))


def _crop(inputs: Inputs, _bench: NodeContext) -> Result:
    picture = inputs.get("image", Image.Image)
    left, top = min(inputs.number("x"), picture.width - 1), min(inputs.number("y"), picture.height - 1)
    right, bottom = left + inputs.number("width"), top + inputs.number("height")
    return Result((picture.crop((left, top, min(right, picture.width), min(bottom, picture.height))),))


def _pad(inputs: Inputs, _bench: NodeContext) -> Result:
    picture = inputs.get("image", Image.Image)
    left, top, right, bottom = map(inputs.number, ("left", "top", "right", "bottom"))
    padded = Image.new("RGB", (picture.width + left + right, picture.height + top + bottom), PADDING)
    padded.paste(picture, (left, top))
    return Result((padded, Mask()))


def _load_upscaler(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Upscaler(inputs.text("model_name")),))


def _upscale(inputs: Inputs, _bench: NodeContext) -> Result:
    picture, model = inputs.get("image", Image.Image), inputs.get("upscale_model", Upscaler)
    times = 2 if "x2" in model.file.lower() else UPSCALED
    return Result((picture.resize((picture.width * times, picture.height * times), Image.Resampling.BICUBIC),))


def _empty_image(inputs: Inputs, _bench: NodeContext) -> Result:
    color = inputs.number("color")
    rgb = (color >> 16 & 255, color >> 8 & 255, color & 255)
    return Result((Image.new("RGB", (inputs.number("width"), inputs.number("height")), rgb),))


def _empty_latent(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Latent((inputs.number("width"), inputs.number("height"))),))


def _load_unet(inputs: Inputs, bench: NodeContext) -> Result:
    model = Model((inputs.text("unet_name"),))
    bench.load(model)
    return Result((model,))


def _load_lora(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Model((*inputs.get("model", Model).files, inputs.text("lora_name"))),))


def _load_clip(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Clip(inputs.text("clip_name")),))


def _load_vae(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Vae(inputs.text("vae_name")),))


def _same(name: str, kind: type[V]) -> Callable[[Inputs, NodeContext], Result]:
    """A node that changes something this simulator does not model."""

    def same(inputs: Inputs, _bench: NodeContext) -> Result:
        return Result((inputs.get(name, kind),))

    return same


def _encode_text(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Conditioning(inputs.text("text")),))


def _encode_instruction(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Conditioning(inputs.text("prompt"), inputs.pictures("image1", "image2", "image3")),))


def _zero_out(inputs: Inputs, _bench: NodeContext) -> Result:
    return Result((Conditioning("", inputs.get("conditioning", Conditioning).pictures),))


def _encode_picture(inputs: Inputs, _bench: NodeContext) -> Result:
    picture = inputs.get("pixels", Image.Image)
    width, height = (side // LATENT_PIXEL * LATENT_PIXEL for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return Result((Latent((width, height), picture.crop((left, top, left + width, top + height))),))


def _sample(inputs: Inputs, bench: NodeContext) -> Result:
    wanted = inputs.get("positive", Conditioning)
    latent = inputs.get("latent_image", Latent)
    steps, seed = inputs.number("steps"), inputs.number("seed")
    bench.load(inputs.get("model", Model))
    pictures = wanted.pictures
    base = latent.picture
    if base is None:
        base = ImageOps.fit(pictures[0], latent.size) if pictures else effects.canvas(latent.size, seed)
    edited = effects.edit(base, pictures[1:], text=wanted.text, seed=seed)
    for step in range(1, steps + 1):
        bench.step(step, steps)
    return Result((Latent(latent.size, edited),))


def _decode(inputs: Inputs, _bench: NodeContext) -> Result:
    latent = inputs.get("samples", Latent)
    return Result((latent.picture or effects.canvas(latent.size, 0),))


NODES: dict[str, Callable[[Inputs, NodeContext], Result]] = {
    "CFGNorm": _same("model", Model),
    "CLIPLoader": _load_clip,
    "CLIPTextEncode": _encode_text,
    "ConditioningZeroOut": _zero_out,
    "EmptyImage": _empty_image,
    "EmptyLatentImage": _empty_latent,
    "EmptySD3LatentImage": _empty_latent,
    "FluxKontextImageScale": _kontext_scale,
    "FluxKontextMultiReferenceLatentMethod": _same("conditioning", Conditioning),
    "ImageBlur": _blur,
    "ImageCrop": _crop,
    "ImageInvert": _invert,
    "ImagePadForOutpaint": _pad,
    "ImageScale": _scale,
    "ImageScaleToTotalPixels": _scale_to_total_pixels,
    "ImageUpscaleWithModel": _upscale,
    "KSampler": _sample,
    "LoadImage": _load_image,
    "LoraLoaderModelOnly": _load_lora,
    "ModelSamplingAuraFlow": _same("model", Model),
    "PreviewImage": _save("temp"),
    "ReferenceLatent": _same("conditioning", Conditioning),
    "SaveImage": _save("output"),
    "TextEncodeQwenImageEditPlus": _encode_instruction,
    "UNETLoader": _load_unet,
    "UpscaleModelLoader": _load_upscaler,
    "VAEDecode": _decode,
    "VAEEncode": _encode_picture,
    "VAELoader": _load_vae,
}
