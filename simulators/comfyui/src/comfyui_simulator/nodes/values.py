"""The values that flow along a workflow's links."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Model:
    """A diffusion model: the names of its files, base first."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Clip:
    """A text encoder."""

    file: str


@dataclass(frozen=True)
class Vae:
    """An image codec."""

    file: str


@dataclass(frozen=True)
class Conditioning:
    """An instruction and the pictures it speaks of."""

    text: str
    pictures: tuple[Image.Image, ...] = ()


@dataclass(frozen=True)
class Latent:
    """A picture to be; `picture` is None where the size alone is given."""

    size: tuple[int, int]
    picture: Image.Image | None = None


@dataclass(frozen=True)
class Mask:
    """The alpha channel that LoadImage also gives."""


@dataclass(frozen=True)
class Upscaler:
    """A model that enlarges pictures."""

    file: str


Value = Image.Image | Model | Clip | Vae | Conditioning | Latent | Mask | Upscaler
