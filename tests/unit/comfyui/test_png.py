"""A result's PNG: whole, with its picture alone."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from qwenedit_worker.comfyui.execution.png import SIGNATURE, DamagedPngError, NotPngError, picture_alone

WISH = "paint the secret garden"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 1, 0, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0\0"))
END = chunk(b"IEND", b"")
SMALLEST = SIGNATURE + HEADER + PIXELS + END


def saved(**options) -> bytes:
    data = io.BytesIO()
    Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).save(data, "PNG", **options)
    return data.getvalue()


def test_png_without_metadata_is_returned_as_it_is() -> None:
    assert picture_alone(SMALLEST) is SMALLEST
    plain = saved()
    assert picture_alone(plain) is plain


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("international", [False, True])
def test_png_text_is_removed_and_its_pixels_stay(compressed, international) -> None:
    text = PngInfo()
    add = text.add_itxt if international else text.add_text
    add("prompt", WISH, zip=compressed)
    exif = Image.Exif()
    exif[0x010E] = WISH
    data = saved(pnginfo=text, exif=exif)

    cleaned = picture_alone(data)

    with Image.open(io.BytesIO(cleaned)) as after, Image.open(io.BytesIO(data)) as before:
        assert after.tobytes() == before.tobytes()
        assert after.info == {}
    assert b"prompt" not in cleaned
    assert WISH.encode() not in cleaned


@pytest.mark.parametrize("name", [b"comf", b"prMt", b"caBX", b"tIME", b"acTL", b"WISH"])
def test_png_chunk_that_no_pixel_needs_is_removed(name) -> None:
    assert picture_alone(SIGNATURE + HEADER + chunk(name, WISH.encode()) + PIXELS + END) == SMALLEST


def test_png_colour_profile_is_kept() -> None:
    data = saved(icc_profile=b"a profile" * 20)

    assert picture_alone(data) == data


def test_png_bytes_after_its_end_are_removed() -> None:
    assert picture_alone(SMALLEST + WISH.encode()) == SMALLEST


def test_png_cut_off_anywhere_is_damaged() -> None:
    for cut in range(len(SMALLEST)):
        with pytest.raises(DamagedPngError):
            picture_alone(SMALLEST[:cut])


def test_png_with_any_byte_changed_is_damaged_or_no_png() -> None:
    for at in range(len(SMALLEST)):
        changed = bytearray(SMALLEST)
        changed[at] ^= 0x20
        with pytest.raises((DamagedPngError, NotPngError)):
            picture_alone(bytes(changed))


@pytest.mark.parametrize(
    "data", [SIGNATURE + HEADER + END, SIGNATURE + PIXELS + END, SIGNATURE + b"\xff" * 4 + b"IHDR" + bytes(100)]
)
def test_png_that_lacks_header_or_pixels_is_damaged(data) -> None:
    with pytest.raises(DamagedPngError):
        picture_alone(data)


def test_page_instead_of_a_picture_is_no_png() -> None:
    with pytest.raises(NotPngError, match="<html>502"):
        picture_alone(b"<html>502 Bad Gateway</html>")


def test_png_of_a_million_empty_chunks_is_refused_in_little_memory() -> None:
    data = SIGNATURE + HEADER + PIXELS + chunk(b"IDAT", b"") * 1_000_000 + END

    tracemalloc.start()
    with pytest.raises(NotPngError, match="more than"):
        picture_alone(data)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20
