"""Marks that say that an AI edited a picture."""

from __future__ import annotations

import io
import zlib

from PIL import Image

from qwenedit_bot.pictures.results import marked
from qwenedit_testkit.photos import encoded


def picture(kind: str, **options: object) -> bytes:
    return encoded(Image.effect_noise((64, 48), 60).convert("RGB"), kind, **options)


def test_xmp_of_a_png_has_a_right_checksum_and_stands_behind_the_header() -> None:
    done = marked(picture("PNG"), tool="t")
    assert done[37:41] == b"iTXt"
    end = 41 + int.from_bytes(done[33:37], "big")
    assert int.from_bytes(done[end : end + 4], "big") == zlib.crc32(done[37:end])


def test_xmp_of_a_jpeg_stands_behind_jfif_and_exif() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    done = marked(picture("JPEG", exif=exif), tool="t")
    assert done.index(b"JFIF") < done.index(b"Exif") < done.index(b"http://ns.adobe.com/xap/1.0/")
    with Image.open(io.BytesIO(done)) as image:
        assert image.getexif()[0x010F] == "Camera"
