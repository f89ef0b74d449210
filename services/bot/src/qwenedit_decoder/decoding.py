"""Checks a picture against the limits, decodes it, and converts it to what the workers take."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, JpegImagePlugin, UnidentifiedImageError

from qwenedit_decoder import heif

MAX_BYTES: Final = 20 * 1024 * 1024
"""What getFile lets a bot download (https://core.telegram.org/bots/api#getfile)."""
MAX_PIXELS: Final = 25_000_000
"""Of a picture that is decoded in full: converting that many takes up to 430 MB for a moment (WebP; PNG 250)."""
MAX_PIXELS_PHOTO: Final = 51_000_000
"""Of a JPEG, HEIC or AVIF: a little more than phones' 50-megapixel sensors have. JPEGs are decoded at a part of their
size: 120 MB. HEIC and AVIF of 48 megapixels take 430 MB, and HEIC of 10 bits 460 MB."""
MIN_SIDE: Final = 32
"""Pixels."""
MAX_RATIO: Final = 20
"""Of the longer side to the shorter one, as sendPhoto has it: the result keeps its input's shape."""
MAX_SIDE: Final = 2560
"""Pixels of the longest side that are kept: Telegram's own largest photo, and more than the model works at."""
MAX_SCANS: Final = 64
"""Of a JPEG, its preview and its second frame together. Encoders write up to about 15; each costs a pass over all
pixels, so that a file of thousands keeps a CPU busy for minutes."""
LIGHT_PIXELS: Final = 6_000_000
"""Of a picture that any process may convert: up to 110 MB and half a second. A screenshot of a phone has 4 million."""
LIGHT_PROGRESSIVE: Final = 16_000_000
"""Pixels of a progressive JPEG that any process may convert: the decoder has up to 8 bytes of each in memory."""
LIGHT_SCANNED: Final = 160_000_000
"""Pixels times scans of a JPEG that any process may convert: up to two seconds. 12 megapixels in 10 scans have 120
million."""
FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP")
USER_FORMATS: Final[tuple[str, ...]] = (*FORMATS, "AVIF")
"""What users may send as files, beside HEIF."""

SEND_PHOTO_BYTES: Final = 10 * 1000 * 1000 - 32 * 1024
"""What sendPhoto takes, less the room for the marks of AI."""
SEND_PHOTO_SIDES: Final = 10_000
"""Width and height together, in pixels (https://core.telegram.org/bots/api#sendphoto)."""

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
_VAGUE: Final = (b"WEBP", b"avif", b"mif1")
"""Files whose decoders say the same where there is no memory for all of the picture."""


class Refusal(StrEnum):
    """Why a picture is not taken; the texts choose their words by it."""

    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TOO_NARROW = "too_narrow"
    DAMAGED = "damaged"
    ANIMATED = "animated"
    UNKNOWN = "unknown"
    TOO_HEAVY = "too_heavy"
    """To open it takes more time or memory than a picture may have."""


class TooHeavyError(Exception):
    """A picture is for a process with larger limits than this one has."""


class PictureRefusedError(Exception):
    """A picture is not taken."""

    def __init__(self, why: Refusal, *, width: int = 0, height: int = 0) -> None:
        super().__init__(why.value)
        self.why = why
        self.width = width
        self.height = height


@dataclass(frozen=True, slots=True)
class Normalised:
    """A picture as the worker gets it: upright sRGB without transparency and metadata, JPEG or PNG."""

    data: bytes
    width: int
    height: int
    pixels: int = 0
    """Of the picture as it came; 0 where that is unknown."""


def of_telegram(data: bytes) -> Normalised | None:
    """Take a photo that needs no change and that Telegram itself has encoded, so that decoding it would tell nothing.

    It looks at the header and at the end, which needs no process.

    Returns:
        None where it is no such photo, or would be refused: `normalise` does the rest.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check(image)
            plain = _is_plain(image, data) and _scans(data) <= MAX_SCANS
            return Normalised(data, *image.size, image.width * image.height) if plain else None
    except (PictureRefusedError, *_BROKEN):
        return None


def normalise(data: bytes, *, light: bool = False) -> Normalised:
    """Check a user's file and turn it into a picture that every later program can read.

    Size, form, number of frames and number of scans are known before anything is decompressed.

    Args:
        data: The file.
        light: Take only what is done in a moment.

    Raises:
        PictureRefusedError: the file is no picture that we take.
        TooHeavyError: it is not done in a moment.
    """
    try:
        return _normalise(data, light=light)
    except UnidentifiedImageError:
        raise PictureRefusedError(_unidentified(data)) from None
    except _BROKEN as error:
        if (light and data[8:12] in _VAGUE) or heif.ran_out_of_memory(error):
            raise TooHeavyError from None
        raise PictureRefusedError(Refusal.DAMAGED) from None


def _normalise(data: bytes, *, light: bool) -> Normalised:
    formats = USER_FORMATS
    if heif.is_heif(data):
        if light:  # a phone's takes more than that process has, and the library stays loaded
            raise TooHeavyError
        if not heif.is_whole(data):
            raise PictureRefusedError(Refusal.DAMAGED)
        heif.load()
        formats = (*formats, "HEIF")
    with Image.open(io.BytesIO(data), formats=formats) as image:
        _check(image)
        if is_heavy(image, data) and light:
            raise TooHeavyError
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
        picture = _to_rgb(_to_srgb(_upright(image)))
    _scale(picture)
    buffer = io.BytesIO()
    picture.info.clear()
    if lossy:
        picture.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        picture.save(buffer, "PNG", compress_level=3)
    return Normalised(buffer.getvalue(), picture.width, picture.height, width * height)


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


def _to_rgb(image: Image.Image) -> Image.Image:
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
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or heif.is_heif(data) or data[4:12] == b"ftypavif":
        return Refusal.DAMAGED
    return Refusal.UNKNOWN


def goes_as_it_is(data: bytes) -> bool:
    """Whether `for_send_photo` would change nothing, as the header alone says; cheap enough for no process.

    Raises:
        PictureRefusedError: the result is no picture.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _goes_as_it_is(image, data)
    except (OSError, ValueError, SyntaxError):
        raise PictureRefusedError(Refusal.DAMAGED) from None


def _goes_as_it_is(image: Image.Image, data: bytes) -> bool:
    longer, shorter = max(image.size), min(image.size)
    return longer + shorter <= SEND_PHOTO_SIDES and longer <= MAX_RATIO * shorter and len(data) <= SEND_PHOTO_BYTES


def for_send_photo(data: bytes, *, light: bool = False) -> bytes | None:
    """Return a result in a form that sendPhoto takes, or None where only a file can carry it.

    Args:
        data: The result.
        light: Take only what is done in a moment.

    Raises:
        PictureRefusedError: the result is no picture.
        TooHeavyError: it is not done in a moment.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            fits = width + height <= SEND_PHOTO_SIDES
            if max(width, height) > MAX_RATIO * min(width, height):
                return None
            if _goes_as_it_is(image, data):
                return data
            if width * height > MAX_PIXELS:
                return None
            if light and is_heavy(image, data):
                raise TooHeavyError
            picture = _to_rgb(image)
    except (OSError, ValueError, SyntaxError):
        raise PictureRefusedError(Refusal.DAMAGED) from None
    if not fits:
        side = SEND_PHOTO_SIDES // 2
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    for quality in (95, 85, 70):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= SEND_PHOTO_BYTES:
            return buffer.getvalue()
    return None
