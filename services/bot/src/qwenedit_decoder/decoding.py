"""Checks a picture against the limits, decodes it, and converts it to what the workers take."""

from __future__ import annotations

import io
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, UnidentifiedImageError

from qwenedit_decoder import headers, limits
from qwenedit_decoder.limits import Normalised, PictureRefusedError, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS: Final = ("JPEG", "PNG", "BMP", "WEBP", "AVIF")
"""What users may send, beside HEIF."""

# Pillow's own guard warns at one size and raises at another; every picture here passes `_check` instead.
Image.MAX_IMAGE_PIXELS = None
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_HEIF_BRANDS: Final = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
"""Of a file whose pictures may be HEVC. AVIF files may begin with the last two as well."""
_SCAN: Final = b"\xff\xda"
_PHOTO: Final = ("JPEG", "MPO", "AVIF", "HEIF")
"""Formats that cameras write, with losses."""
_SCALABLE: Final = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Modes in which neighbouring pixels may be averaged; palettes may not."""
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""

_BROKEN: Final = (OSError, SyntaxError, ValueError, struct.error, IndexError, KeyError, EOFError, RuntimeError)
"""What Pillow's decoders and libheif's raise for files that end early or contradict themselves."""


def is_heif(data: bytes) -> bool:
    """Whether a file says that it is HEIF."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS


def load_heif() -> None:
    """Have Pillow open HEIF files from now on, for which it loads a large library.

    libheif keeps its own security limits, which this library cannot narrow: 1,000 items and 32,768 pixels a side are
    among them. The process' limits are what bounds memory and time. A thread costs addresses and saves no CPU time.
    """
    import pillow_heif  # noqa: PLC0415 - few pictures need it, and it takes longer to load than all else

    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)


def normalise(data: bytes) -> Normalised:
    """Turn a user's file into a picture that every later program can read.

    Size, form, number of frames, parts and scans are known before anything is decompressed.

    Raises:
        PictureRefusedError: the file is no picture that we take.
    """
    end = headers.end_of_parts(data)
    if is_heif(data) and end != len(data):  # libheif leaves parts of a cut picture grey
        raise PictureRefusedError(Refusal.DAMAGED)
    # Encoders write up to 15 scans a frame. Each costs a pass over all pixels; no compressed data has these bytes.
    if data.startswith(headers.JPEG) and data.count(_SCAN) > 64:
        raise PictureRefusedError(Refusal.TOO_HEAVY)
    with _opened(data) as image:
        _check(image)
        lossy = image.format in _PHOTO
        image.draft("RGB", (limits.MAX_SIDE, limits.MAX_SIDE))  # a JPEG is decoded at a part of its size
        image.load()
        if image.mode in _SCALABLE:
            # Before anything that copies: at 25 megapixels each copy has 100 MB.
            _scale(image)
        picture = _to_rgb(_to_srgb(_upright(image)))
    _scale(picture)
    buffer = io.BytesIO()
    picture.info.clear()
    if lossy:
        picture.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        picture.save(buffer, "PNG", compress_level=3)
    return Normalised(buffer.getvalue(), picture.width, picture.height)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open a picture inside the block.

    Raises:
        PictureRefusedError: it has none of the formats, or it turns out to be broken inside the block.
    """
    formats = (*FORMATS, "HEIF") if is_heif(data) else FORMATS
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            yield image
    except UnidentifiedImageError:
        raise PictureRefusedError(_unidentified(data)) from None
    except _BROKEN as error:
        out_of_memory = str(error).startswith("Memory allocation error")  # libheif says it in words alone
        raise PictureRefusedError(Refusal.TOO_HEAVY if out_of_memory else Refusal.DAMAGED) from None


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its camera was held.

    Pillow's own `exif_transpose` rewrites the rest of the EXIF, which fails where a tag has not the type that it
    should; nobody here wants it.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - whatever a parser makes of broken metadata, the picture itself is there
        return image
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _scale(image: Image.Image) -> None:
    image.thumbnail((limits.MAX_SIDE, limits.MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width * height > (limits.MAX_PIXELS_PHOTO if image.format in _PHOTO else limits.MAX_PIXELS):
        raise PictureRefusedError(Refusal.TOO_MANY_PIXELS, width=width, height=height)
    if min(width, height) < limits.MIN_SIDE:
        raise PictureRefusedError(Refusal.TOO_SMALL, width=width, height=height)
    if max(width, height) > limits.MAX_RATIO * min(width, height):
        raise PictureRefusedError(Refusal.TOO_NARROW, width=width, height=height)
    # Phones put a second frame (depth, a larger one) behind a JPEG; that is Pillow's MPO and no animation.
    # A burst of HEIC has several as well, and Pillow opens its first choice.
    if image.format in ("PNG", "WEBP", "AVIF") and getattr(image, "is_animated", False):
        raise PictureRefusedError(Refusal.ANIMATED)


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError):  # a profile that does not fit its picture; the colours stay as they are
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return a picture on white, without transparency."""
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(image, mask=image.getchannel("A"))
        return canvas
    return image.convert("RGB")


def _unidentified(data: bytes) -> Refusal:
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Refusal.ANIMATED
    if data.startswith((headers.JPEG, headers.PNG)) or is_heif(data) or data[4:12] == b"ftypavif":
        return Refusal.DAMAGED
    return Refusal.UNKNOWN
