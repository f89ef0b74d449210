from __future__ import annotations

import io
import struct
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms, ImageOps

from qwenedit_decoder import headers
from qwenedit_decoder.decoding import normalise
from qwenedit_decoder.limits import HEAVY, LIGHT, MAX_BYTES, MAX_SIDE, PictureRefusedError, ProcessLimits, Refusal
from qwenedit_testkit.photos import bomb, encoded

if TYPE_CHECKING:
    from collections.abc import Callable


def photo(width: int = 640, height: int = 480, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    return encoded(Image.effect_noise((width, height), 60).convert(mode), kind)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def animated(kind: str) -> bytes:
    first, second = (Image.new("RGB", (64, 64), colour) for colour in ("black", "red"))
    return encoded(first, kind, save_all=True, append_images=[second])


def refusal(data: bytes) -> Refusal:
    with pytest.raises(PictureRefusedError) as caught:
        normalise(data)
    return caught.value.why


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_photo_is_taken_in_its_size(kind: str) -> None:
    normalised = normalise(photo(kind=kind))
    assert (normalised.width, normalised.height) == (640, 480)
    assert opened(normalised.data).mode == "RGB"
    assert opened(normalised.data).format == ("JPEG" if kind == "JPEG" else "PNG")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (photo(1, 1, "PNG"), Refusal.TOO_SMALL),
        (photo(31, 500), Refusal.TOO_SMALL),
        (bomb(), Refusal.TOO_MANY_PIXELS),
        (photo(2000, 40), Refusal.TOO_NARROW),
        (photo()[: len(photo()) // 2], Refusal.DAMAGED),
        (photo(kind="PNG")[:2000], Refusal.DAMAGED),
        (photo()[:10], Refusal.DAMAGED),
        (photo(kind="GIF", mode="P"), Refusal.ANIMATED),
        (animated("PNG"), Refusal.ANIMATED),
        (animated("WEBP"), Refusal.ANIMATED),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Refusal.DAMAGED),
        (b"%PDF-1.7 ...", Refusal.UNKNOWN),
        (b"", Refusal.UNKNOWN),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.UNKNOWN),
        (photo().replace(b"\xff\xda", photo()[photo().index(b"\xff\xda") : -2] * 64 + b"\xff\xda"), Refusal.TOO_HEAVY),
    ],
)
def test_unfit_picture_is_refused_for_its_reason(data: bytes, why: Refusal) -> None:
    assert refusal(data) is why


def test_refusal_of_a_bomb_tells_its_size() -> None:
    with pytest.raises(PictureRefusedError) as caught:
        normalise(bomb())
    assert (caught.value.width, caught.value.height) == (30_000, 30_000)


@pytest.mark.parametrize(("kind", "taken"), [("JPEG", True), ("PNG", False)])
def test_largest_photos_of_phones_are_taken_as_jpegs_only(kind: str, taken: bool) -> None:
    data = encoded(Image.new("RGB", (8160, 6144)), kind)
    if taken:
        assert normalise(data).width == MAX_SIDE
    else:
        assert refusal(data) is Refusal.TOO_MANY_PIXELS


@pytest.mark.parametrize("orientation", [2, 6])
def test_photo_stands_upright_however_the_camera_was_held(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (64, 48))
    image.putpixel((0, 0), (255, 0, 0))
    data = encoded(image, "PNG", exif=exif)
    assert opened(normalise(data).data).tobytes() == ImageOps.exif_transpose(opened(data)).tobytes()


@pytest.mark.parametrize("kind", [2, 7], ids=["text", "undefined"])
def test_tag_of_the_wrong_type_beside_the_orientation_is_ignored(kind: int) -> None:
    tags = [(0x0112, 3, 1, b"\6\0\0\0"), (0x011A, kind, 2, b"ab\0\0")]  # the resolution should be a fraction
    exif = b"Exif\0\0II*\0\x08\0\0\0\2\0" + b"".join(struct.pack("<HHI4s", *tag) for tag in tags) + bytes(4)
    normalised = normalise(encoded(Image.new("RGB", (64, 48)), "JPEG", exif=exif))
    assert (normalised.width, normalised.height) == (48, 64)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File Read")
def test_broken_exif_costs_nobody_his_photo() -> None:
    data = encoded(Image.new("RGB", (64, 48)), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\2\0\x12")
    assert normalise(data).width == 64


def test_metadata_of_a_photo_is_removed() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825)[1] = "N"
    for kind in ("JPEG", "PNG", "WEBP"):
        normalised = normalise(encoded(Image.new("RGB", (64, 64)), kind, exif=exif))
        assert b"Camera" not in normalised.data
        assert not opened(normalised.data).getexif()


@pytest.mark.parametrize(
    "data",
    [
        encoded(Image.new("RGB", (64, 64)), "JPEG", comment=b"secret"),
        encoded(Image.new("RGB", (64, 64)), "JPEG", extra=b"\xff\xe5\0\x08secret"),
        encoded(Image.new("RGB", (64, 64)), "JPEG") + b"secret",
    ],
    ids=["comment", "segment", "behind its end"],
)
def test_photo_is_stored_without_any_other_data(data: bytes) -> None:
    assert b"secret" in data
    assert b"secret" not in normalise(data).data


def test_large_photo_is_scaled_to_the_longest_side_that_is_kept() -> None:
    normalised = normalise(photo(5000, 2500))
    assert (normalised.width, normalised.height) == (MAX_SIDE, MAX_SIDE // 2)


def test_transparency_becomes_white() -> None:
    normalised = normalise(encoded(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG"))
    assert opened(normalised.data).getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "I;16", "CMYK"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new("I;16", (64, 64), 65535) if mode == "I;16" else Image.new("RGB", (64, 64), "white").convert(mode)
    picture = opened(normalise(encoded(image, kind)).data)
    assert picture.mode == "RGB"
    colour = picture.getpixel((10, 10))
    assert isinstance(colour, tuple)
    assert min(colour) > 250


def test_colour_profile_is_applied_and_a_broken_one_ignored() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert normalise(encoded(Image.new("RGB", (64, 64)), "PNG", icc_profile=profile)).width == 64
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = opened(normalise(encoded(Image.new("RGB", (64, 64), (200, 100, 50)), "PNG", icc_profile=srgb)).data)
    assert picture.getpixel((1, 1)) == pytest.approx((200, 100, 50), abs=2)


def test_phones_jpeg_with_a_second_picture_behind_it_is_no_animation() -> None:
    data = encoded(Image.new("RGB", (64, 64)), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))])
    assert normalise(data).width == 64


def header(data: bytes) -> headers.Header:
    found = headers.read_header(data)
    assert found is not None
    return found


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_photo_of_telegrams_own_is_told_by_its_header(options: dict[str, object]) -> None:
    data = encoded(Image.effect_noise((640, 480), 60).convert("RGB"), "JPEG", **options)
    assert headers.is_as_kept(data, header(data))
    assert (header(data).width, header(data).height) == (640, 480)


@pytest.mark.parametrize(
    "data",
    [
        photo(kind="PNG"),
        photo()[: len(photo()) // 2],
        encoded(Image.new("L", (100, 100)), "JPEG"),
        encoded(Image.new("CMYK", (100, 100)), "JPEG"),
        encoded(Image.new("RGB", (3000, 300)), "JPEG"),
        encoded(Image.new("RGB", (31, 300)), "JPEG"),
        encoded(Image.new("RGB", (1000, 40)), "JPEG"),
    ],
)
def test_photo_that_telegram_has_not_made_so_is_converted(data: bytes) -> None:
    assert not headers.is_as_kept(data, header(data))


@pytest.mark.parametrize(
    ("picture", "limits"),
    [
        (photo, LIGHT),
        (lambda: photo(kind="PNG"), LIGHT),
        (lambda: encoded(Image.new("RGB", (2560, 1920)), "JPEG"), LIGHT),
        (lambda: photo() + bytes(4_000_000), HEAVY),
        (lambda: encoded(Image.new("RGB", (8160, 6144)), "JPEG"), HEAVY),
        (lambda: encoded(Image.new("RGB", (5_000, 5_000)), "PNG"), HEAVY),
    ],
)
def test_picture_that_takes_long_is_told_by_its_header(picture: Callable[[], bytes], limits: ProcessLimits) -> None:
    data = picture()
    assert headers.limits_of(data, header(data)) is limits


def in_chunks(kind: bytes, body: bytes = b"") -> bytes:
    """Return a PNG filled up with chunks before its pixels, to what Telegram lets a bot download."""
    data = photo(32, 32, "PNG")
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk * ((MAX_BYTES - len(data)) // len(chunk)) + data[33:]


def in_segments(segment: bytes) -> bytes:
    """Return a JPEG filled up with segments before its pixels."""
    data = photo(32, 32)
    at = data.index(b"\xff\xdb")
    return data[:at] + segment * ((MAX_BYTES - len(data)) // len(segment)) + data[at:]


BUSY = {
    "empty chunks": lambda: in_chunks(b"bKGD"),
    "empty chunks of pixels": lambda: in_chunks(b"IDAT"),
    "frames of an animation": lambda: in_chunks(b"fcTL", bytes(26)),
    "comments": lambda: in_segments(b"\xff\xfe\0\2"),
    "restarts": lambda: in_segments(b"\xff\xd0"),
    "ends": lambda: in_segments(b"\xff\xd9"),
    "fill": lambda: in_segments(b"\xff"),
    "bytes between segments": lambda: in_segments(b"\0"),
    "boxes": lambda: struct.pack(">I8s4s", 16, b"ftypheic", b"mif1") + struct.pack(">I4s", 8, b"free") * 2_000_000,
}
"""Files of few pixels, each of whose parts costs their reader time."""


@pytest.mark.parametrize("kind", BUSY)
def test_file_of_too_many_parts_is_refused_in_a_moment_before_it_is_opened(kind: str) -> None:
    data = BUSY[kind]()
    began = time.process_time()
    with suppress(PictureRefusedError):
        headers.read_header(data)
    assert time.process_time() - began < 0.1
    with pytest.raises(PictureRefusedError) as refusal:
        normalise(data)
    assert refusal.value.why is Refusal.TOO_HEAVY
    assert time.process_time() - began < 0.3


def test_file_of_as_many_parts_as_programs_write_is_taken() -> None:
    data = photo(kind="PNG")
    chunk = struct.pack(">I4s", 0, b"IDAT") + struct.pack(">I", zlib.crc32(b"IDAT"))
    at = data.index(b"IDAT") - 4
    assert normalise(data[:at] + chunk * 6_000 + data[at:]).width == 640
