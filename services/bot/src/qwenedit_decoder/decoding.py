"""Checks a picture against the limits, decodes it, and converts it to what the workers take."""

from __future__ import annotations

import io
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, JpegImagePlugin, UnidentifiedImageError

from qwenedit_decoder import heif, parts
from qwenedit_decoder.answers import MAX_PIXELS_PHOTO, MIN_SIDE, Look, Normalised, PictureRefusedError, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PIXELS: Final = 25_000_000
"""Of a picture that is decoded in full: converting that many takes up to 430 MB for a moment (WebP; PNG 250)."""
MAX_RATIO: Final = 20
"""Of the longer side to the shorter one, as sendPhoto has it: the result keeps its input's shape."""
MAX_SIDE: Final = 2560
"""Pixels of the longest side that are kept: Telegram's own largest photo, and more than the model works at."""
MAX_SCANS: Final = 64
"""Of a JPEG, its preview and its second frame together. Encoders write up to about 15; each costs a pass over all
pixels, so that a file of thousands keeps a CPU busy for minutes."""
LIGHT_PIXELS: Final = 6_000_000
"""Of a picture that is light: up to 110 MB and half a second. A screenshot of a phone has 4 million."""
LIGHT_FILE: Final = 8_000_000
"""Bytes of a JPEG that is light: Pillow keeps copies of its segments, and 19 MB of comments take 180 MB in all."""
LIGHT_PROGRESSIVE: Final = 16_000_000
"""Pixels of a progressive JPEG that is light: the decoder has up to 8 bytes of each in memory."""
LIGHT_SCANNED: Final = 160_000_000
"""Pixels times scans of a JPEG that is light: up to two seconds. 12 megapixels in 10 scans have 120 million."""
FORMATS: Final = ("JPEG", "PNG", "BMP")
"""What is opened without being decoded."""
USER_FORMATS: Final = (*FORMATS, "WEBP", "AVIF", "HEIF")
"""What users may send as files."""

# Pillow's own guard warns at one size and raises at another; every picture here passes `_check_pixels` instead.
Image.MAX_IMAGE_PIXELS = None
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_JPEG: Final = ("JPEG", "MPO")
_PHOTO: Final = (*_JPEG, "AVIF", "HEIF")
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
_ALWAYS_HEAVY: Final = (b"WEBP", b"avif", b"avis")
"""At byte 8 of files that Pillow does not open without much memory for their pixels."""


def look_at_photo(data: bytes) -> Look:
    """Check a photo, and say whether Telegram itself has encoded it, so that decoding it would tell nothing.

    Raises:
        PictureRefusedError: it is no picture that we take.
    """
    look = look_at_file(data)
    if not data.startswith(parts.JPEG):
        return look
    with opened(data, FORMATS) as image:
        return Look(look.heavy, _is_plain(image, data), image.width, image.height)


def look_at_file(data: bytes) -> Look:
    """Check what can be seen of a file without decoding it, and say whether it takes long.

    Raises:
        PictureRefusedError: it is no picture that we take.
    """
    if parts.are_too_many(data):
        raise PictureRefusedError(Refusal.TOO_HEAVY)
    if heif.is_heif(data) or data[8:12] in _ALWAYS_HEAVY:
        return Look(heavy=True)
    with opened(data, FORMATS) as image:
        _check(image)
        return Look(is_heavy(image, data))


def normalise(data: bytes) -> Normalised:
    """Turn a user's file into a picture that every later program can read.

    Size, form, number of frames and number of scans are known before anything is decompressed.

    Raises:
        PictureRefusedError: the file is no picture that we take.
    """
    look_at_file(data)
    if heif.is_heif(data) and not heif.is_whole(data):
        raise PictureRefusedError(Refusal.DAMAGED)
    with opened(data, USER_FORMATS) as image:
        _check(image)
        lossy = image.format in _PHOTO
        width, height = image.size
        plain = _is_plain(image, data)
        # Lets a JPEG be decoded at a part of its size: all of the file is read, whatever the size.
        image.draft("RGB", (width // 8, height // 8) if plain else (MAX_SIDE, MAX_SIDE))
        image.load()
        if plain:
            return Normalised(data, width, height, width * height)
        if image.mode in _SCALABLE:
            # Before anything that copies: at 25 megapixels each copy has 100 MB.
            _scale(image)
        picture = to_rgb(_to_srgb(_upright(image)))
    _scale(picture)
    buffer = io.BytesIO()
    picture.info.clear()
    if lossy:
        picture.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        picture.save(buffer, "PNG", compress_level=3)
    return Normalised(buffer.getvalue(), picture.width, picture.height, width * height)


@contextmanager
def opened(data: bytes, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """Open a picture inside the block.

    Raises:
        PictureRefusedError: it is none of these formats, or it turns out to be broken inside the block.
    """
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            yield image
    except UnidentifiedImageError:
        raise PictureRefusedError(_unidentified(data)) from None
    except _BROKEN as error:
        why = Refusal.TOO_HEAVY if heif.ran_out_of_memory(error) else Refusal.DAMAGED
        raise PictureRefusedError(why) from None


def _is_plain(image: Image.Image, data: bytes) -> bool:
    """Whether a file needs no change if it is whole: Telegram's own photos, which lose by another encoding.

    A JPEG with no marker beside JFIF's has neither metadata nor an orientation nor a profile, and what ends with the
    mark of its end carries little behind it.
    """
    return (
        isinstance(image, JpegImagePlugin.JpegImageFile)
        and (image.format, image.mode) == ("JPEG", "RGB")
        and max(image.size) <= MAX_SIDE
        and [(name, content[:5]) for name, content in image.applist] == [("APP0", b"JFIF\0")]
        and data.endswith(b"\xff\xd9")
    )


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its camera was held.

    Pillow's own `exif_transpose` writes the rest of the EXIF anew, which fails where a tag has not the type that it
    should; nobody here wants it.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - whatever a parser makes of broken metadata, the picture itself is there
        return image
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _scale(image: Image.Image) -> None:
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _check(image: Image.Image) -> None:
    width, height = image.size
    _check_pixels(image)
    if min(width, height) < MIN_SIDE:
        raise PictureRefusedError(Refusal.TOO_SMALL, width=width, height=height)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise PictureRefusedError(Refusal.TOO_NARROW, width=width, height=height)
    # Phones put a second frame (depth, a larger one) behind a JPEG; that is Pillow's MPO and no animation.
    # A burst of HEIC has several as well, and Pillow opens its first choice.
    if image.format in ("PNG", "WEBP", "AVIF") and getattr(image, "is_animated", False):
        raise PictureRefusedError(Refusal.ANIMATED)


def is_heavy(image: Image.Image, data: bytes) -> bool:
    """Whether a picture is not done in a moment, as its header and its scans tell.

    Raises:
        PictureRefusedError: it has too many scans for any process.
    """
    pixels = image.width * image.height
    if image.format not in _JPEG:
        return pixels > LIGHT_PIXELS
    scans = _scans(data)
    if scans > MAX_SCANS:
        raise PictureRefusedError(Refusal.TOO_HEAVY)
    if len(data) > LIGHT_FILE:
        return True
    return bool(image.info.get("progressive")) and (pixels > LIGHT_PROGRESSIVE or pixels * scans > LIGHT_SCANNED)


def _scans(data: bytes) -> int:
    """Count a JPEG's scans; what is compressed never has the bytes that begin one."""
    return data.count(b"\xff\xda")


def _check_pixels(image: Image.Image) -> None:
    most = MAX_PIXELS_PHOTO if image.format in _PHOTO else MAX_PIXELS
    if image.width * image.height > most:
        raise PictureRefusedError(Refusal.TOO_MANY_PIXELS, width=image.width, height=image.height)


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


def to_rgb(image: Image.Image) -> Image.Image:
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
    if data.startswith((parts.JPEG, parts.PNG)) or heif.is_heif(data) or data[4:12] == b"ftypavif":
        return Refusal.DAMAGED
    return Refusal.UNKNOWN
