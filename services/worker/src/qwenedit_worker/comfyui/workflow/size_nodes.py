"""The graph's nodes that get their sizes from a job's pictures, and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qwenedit_worker.comfyui.workflow.parameter import InputRef
from qwenedit_worker.comfyui.workflow.sizes import SQUARE, Size, canvas_of, of_ratio, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MEGAPIXELS = "megapixels"
"""Name of the parameter by which a job sets the area of its result."""
MEGAPIXELS_DEFAULT = 1.0
"""Of a model's canvas, in units of 1024 x 1024 pixels."""
Megapixels = Annotated[float, Field(gt=0, le=16)]
"""Of any result: as a PNG of photographic content it stays below the 50 MB that a result may have."""


class SizeNodes(BaseModel):
    """The nodes whose sizes follow from a job's pictures, mainly from the first.

    If a picture's size can't be read, the graph's own values stay.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: tuple[str, ...] = ()
    """An ImageScale for each picture, in order. The size of the first one is that of the model's canvas."""
    pad: str | None = None
    """An ImagePadForOutpaint after the first of them, for photos longer than 4:1."""
    crop: str | None = None
    """An ImageCrop after the decoder, which removes the padding."""
    result: str | None = None
    """An ImageScale before the output, which restores the photo's ratio."""
    megapixels: Megapixels | None = None
    """The area to work at, in units of 1024 x 1024 pixels; None is `MEGAPIXELS_DEFAULT`."""
    max_megapixels: Megapixels | None = None
    """The largest area that a job may set, as its parameter `megapixels`; None forbids it."""

    @model_validator(mode="after")
    def _padding_is_cut_off(self) -> Self:
        if (self.pad is None) != (self.crop is None):
            raise ValueError("pad and crop belong together")
        if self.pad is not None and not self.pictures:
            raise ValueError("pad needs the first picture's node in pictures")
        return self

    def inputs(self) -> Iterator[InputRef]:
        """Name each input that is filled in."""
        sizes = [Size(1, 1)] * max(1, len(self.pictures))
        for node, values in self.values(sizes, megapixels=MEGAPIXELS_DEFAULT):
            for name in values:
                yield InputRef(node=node, input=name)

    def values(self, sizes: Sequence[Size | None], *, megapixels: float) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield each node's values for pictures of these sizes; none if a size is unknown.

        Args:
            sizes: Of the job's pictures, in their order.
            megapixels: The area to work at.
        """
        for node, size in zip(self.pictures[1:], sizes[1:], strict=False):
            if size is not None:  # the others are only looked at: never larger than the models' own area
                other = canvas_of(size.ratio, megapixels=min(megapixels, MEGAPIXELS_DEFAULT))
                yield node, {"width": other.width, "height": other.height}
        photo = sizes[0]
        if photo is None:
            return
        if not self.pictures:  # nothing works on a canvas: the result's area is all that is asked for
            if self.result is not None:
                result = of_ratio(photo, megapixels * SQUARE)
                yield self.result, {"width": result.width, "height": result.height}
            return
        found = plan(photo, megapixels=megapixels, padded=self.pad is not None)
        left, top, right, bottom = found.margins
        inside = {"width": found.photo.width, "height": found.photo.height}
        yield self.pictures[0], inside
        if self.pad is not None:
            yield self.pad, {"left": left, "top": top, "right": right, "bottom": bottom}
        if self.crop is not None:
            yield self.crop, {"x": left, "y": top, **inside}
        if self.result is not None:
            yield self.result, {"width": found.result.width, "height": found.result.height}
