"""HEIC and AVIF files as phones make them."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageOps

from qwenedit_decoder import decoding, headers
from qwenedit_decoder.decoding import normalise
from qwenedit_decoder.limits import HEAVY, PictureRefusedError, Refusal

decoding.load_heif()
QUICKLY: dict[str, dict[str, Any]] = {"HEIF": {"enc_params": {"preset": "ultrafast"}}, "AVIF": {"speed": 10}}


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=90, **QUICKLY.get(kind, {}), **options)
    return buffer.getvalue()


def quarters(width: int = 640, height: int = 480) -> Image.Image:
    """A picture whose corners tell how it was turned."""
    image = Image.new("RGB", (width, height), "white")
    for colour, x, y in (("red", 0, 0), ("lime", 1, 0), ("blue", 0, 1)):
        image.paste(colour, (x * width // 2, y * height // 2, (x + 1) * width // 2, (y + 1) * height // 2))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    right, bottom = image.width - 10, image.height - 10
    places = ((10, 10), (right, 10), (10, bottom), (right, bottom))
    return [tuple(round(each / 64) for each in image.convert("RGB").getpixel(place)) for place in places]  # type: ignore[union-attr]


def taken(data: bytes) -> Image.Image:
    normalised = normalise(data)
    picture = Image.open(io.BytesIO(normalised.data))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (normalised.width, normalised.height))
    return picture


def with_size(data: bytes, width: int, height: int) -> bytes:
    """Have each picture in a file claim another size."""
    changed, at = bytearray(data), 0
    while (at := changed.find(b"ispe", at) + 1) > 0:
        changed[at + 7 : at + 15] = struct.pack(">II", width, height)
    return bytes(changed)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_file_of_a_phone_is_taken_as_a_jpeg(kind: str) -> None:
    image = quarters()
    picture = taken(encoded(image, kind))
    assert picture.size == image.size
    assert corners(picture) == corners(image)


def test_heic_of_tiles_is_taken_whole() -> None:
    image = quarters(1500, 1100)
    picture = taken(encoded(image, "HEIF", tile_size=512))
    assert picture.size == image.size
    assert corners(picture) == corners(image)


@pytest.mark.parametrize("orientation", [2, 6])
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(quarters(), "PNG", exif=exif))))
    picture = taken(encoded(quarters(), kind, exif=exif.tobytes()))
    assert picture.size == upright.size
    assert corners(picture) == corners(upright)
    assert not picture.getexif()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_colours_of_another_profile_become_those_of_srgb(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, another in ((b"rXYZ", b"----"), (b"bXYZ", b"rXYZ"), (b"----", b"bXYZ")):
        profile = profile.replace(name, another)
    picture = taken(encoded(Image.new("RGB", (64, 64), "red"), kind, icc_profile=profile))
    assert picture.getpixel((30, 30)) == pytest.approx((0, 0, 255), abs=14)


def refusal(data: bytes) -> PictureRefusedError:
    with pytest.raises(PictureRefusedError) as caught:
        normalise(data)
    return caught.value


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_cut_file_is_refused_as_damaged(kind: str, kept: float) -> None:
    data = encoded(Image.effect_noise((640, 480), 60), kind)
    assert refusal(data[: int(len(data) * kept)]).why is Refusal.DAMAGED


def test_heic_that_claims_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    error = refusal(with_size(encoded(quarters(), "HEIF"), 60_000, 60_000))
    assert (error.why, error.width, error.height) == (Refusal.TOO_MANY_PIXELS, 60_000, 60_000)


@pytest.mark.parametrize("side", [0, 64, 5_000])
def test_heic_of_another_size_than_it_claims_is_refused(side: int) -> None:
    with pytest.raises(PictureRefusedError):
        normalise(with_size(encoded(quarters(), "HEIF"), side, side))


def test_heic_is_heavy_whatever_its_size() -> None:
    data = encoded(quarters(), "HEIF")
    assert headers.limits_of(data, headers.read_header(data)) is HEAVY


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (struct.pack(">I4s", 8, b"free"), True),
        (struct.pack(">I4sQ", 1, b"mdat", 20) + bytes(4), True),
        (struct.pack(">I4s", 0, b"mdat") + bytes(9), True),
        (struct.pack(">I4s", 9, b"free"), False),
        (struct.pack(">I4sQ", 1, b"mdat", 21) + bytes(4), False),
        (struct.pack(">I4s", 7, b"free"), False),
        (struct.pack(">I4s", 1, b"mdat"), False),
        (bytes(3), False),
    ],
)
def test_file_is_whole_where_its_parts_end_with_it(data: bytes, whole: bool) -> None:
    file = struct.pack(">I4s", 8, b"ftyp") + data
    assert (headers.end_of_parts(file) == len(file)) is whole
