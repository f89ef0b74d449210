"""Sizes of an edit: what the model works at, and the photo's own ratio for the answer."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from qwenedit_worker.comfyui.workflow.sizes import LONGEST, SQUARE, Size, of_ratio, plan, size_of

SIDES = st.integers(32, 12_000)
PHOTOS = st.builds(Size, SIDES, SIDES).filter(lambda size: max(size.ratio, 1 / size.ratio) <= 20)
MEGAPIXELS = st.floats(1, 2)


def longness(size: Size) -> float:
    return max(size.ratio, 1 / size.ratio)


@given(photo=PHOTOS, megapixels=MEGAPIXELS)
def test_answer_has_the_ratio_of_the_photo_to_a_pixel(photo, megapixels) -> None:
    result = plan(photo, megapixels=megapixels).result

    longer, shorter = max(result.width, result.height), min(result.width, result.height)
    assert shorter == max(1, round(longer / longness(photo)))
    assert photo.width == photo.height or (result.width >= result.height) == (photo.width > photo.height)


@given(photo=PHOTOS, megapixels=MEGAPIXELS)
def test_canvas_has_whole_units_and_the_area_of_the_model(photo, megapixels) -> None:
    found = plan(photo, megapixels=megapixels)

    assert found.canvas.width % 16 == found.canvas.height % 16 == 0
    assert 0.93 <= found.canvas.width * found.canvas.height / (megapixels * SQUARE) <= 1.07
    assert min(found.margins) >= 0


@given(photo=PHOTOS, megapixels=MEGAPIXELS)
def test_photo_up_to_four_to_one_fills_the_canvas_and_is_stretched_by_less_than_a_hundredth(photo, megapixels) -> None:
    found = plan(photo, megapixels=megapixels)

    if longness(photo) <= LONGEST:
        assert found.photo == found.canvas
        assert abs(math.log(found.canvas.ratio / photo.ratio)) < 0.01
    else:
        assert longness(found.canvas) == pytest.approx(LONGEST, rel=0.01)
        left, top, right, bottom = found.margins
        assert abs(left - right) <= 1
        assert abs(top - bottom) <= 1


@given(photo=PHOTOS)
def test_workflow_without_padding_has_a_canvas_as_long_as_the_photo(photo) -> None:
    found = plan(photo, megapixels=1, padded=False)

    assert found.photo == found.canvas
    assert abs(math.log(found.canvas.ratio / photo.ratio)) < 0.04


@given(photo=PHOTOS, pixels=st.integers(1_000_000, 16_000_000))
def test_larger_answer_has_nearly_as_many_pixels_as_were_asked_for(photo, pixels) -> None:
    result = of_ratio(photo, pixels)

    assert 0.96 * pixels <= result.width * result.height <= 1.01 * pixels


def test_usual_ratio_is_met_exactly() -> None:
    answers = {wide: plan(Size(*wide), megapixels=1).result for wide in ((4032, 3024), (1280, 720), (6000, 4000))}

    assert {size.width * 10_000 // size.height for size in answers.values()} == {13_333, 17_777, 15_000}


@pytest.mark.parametrize(("orientation", "seen"), [(1, Size(40, 30)), (3, Size(40, 30)), (6, Size(30, 40))])
def test_size_is_of_the_picture_as_it_is_seen_upright(orientation, seen) -> None:
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.new("RGB", (40, 30)).save(buffer, "JPEG", exif=exif)
    assert size_of(buffer.getvalue()) == seen


@pytest.mark.parametrize("file", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"<svg>"])
def test_size_of_what_is_no_picture_is_unknown(file) -> None:
    assert size_of(file) is None
