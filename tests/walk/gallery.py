"""The pictures of a walk, and the page that shows them side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "walkthrough.md"
PICTURES = ROOT / "docs" / "pictures" / "walk"
LARGEST = 60_000
"""Bytes of a picture."""
MOST = 3_000_000
"""Bytes of all of them."""
LANGUAGES = ("en", "ru")

_INTRODUCTION = """\
# A walk through the bot

{about}
"""
_ABOUT = (
    "Every feature as users see it on the chat page of `make run`, in English and in Russian. Telegram and ComfyUI are"
    " simulated, so photos come back with a simple effect. `make walk` takes the pictures, and fails if the bot doesn't"
    " reply as it should."
)


@dataclass
class Chapter:
    """A feature: its heading, a sentence on it, and its pictures' names with what they show."""

    title: str
    about: str
    pictures: dict[str, str] = field(default_factory=dict)


class Gallery:
    """Keeps pictures, each of them in every language, and writes the page."""

    def __init__(self) -> None:
        self.chapters: list[Chapter] = []
        self.bytes = 0

    def chapter(self, title: str, about: str) -> Chapter:
        """Begin a chapter."""
        self.chapters.append(Chapter(title, about))
        return self.chapters[-1]

    def keep(self, chapter: Chapter, language: str, name: str, shows: str, png: bytes) -> None:
        """Keep a picture, as small as its limit asks for.

        Raises:
            ValueError: It cannot be made that small.
        """
        chapter.pictures[name] = shows
        data = _small(png)
        self.bytes += len(data)
        path = PICTURES / language / f"{name}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def write(self) -> None:
        """Write the page, and delete pictures that it no longer shows.

        Raises:
            ValueError: The pictures are too large together.
        """
        if self.bytes > MOST:
            raise ValueError(f"the pictures have {self.bytes} bytes, which is more than {MOST}")
        names = {name for chapter in self.chapters for name in chapter.pictures}
        for path in PICTURES.glob("*/*"):
            if path.stem not in names:
                path.unlink()
        DOCUMENT.write_text(
            "\n".join([_INTRODUCTION.format(about=_ABOUT), *map(_section, self.chapters)]), encoding="utf-8"
        )


def _section(chapter: Chapter) -> str:
    lines = [f"## {chapter.title}", "", chapter.about, ""]
    for name, shows in chapter.pictures.items():
        pictures = " ".join(f'<img width="49%" src="pictures/walk/{language}/{name}.webp">' for language in LANGUAGES)
        lines += [f"**{shows}**", ""] if len(chapter.pictures) > 1 else []
        lines += [pictures, ""]
    return "\n".join(lines)


def _small(png: bytes) -> bytes:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (60, 50, 40, 30, 20):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= LARGEST:
            return buffer.getvalue()
    raise ValueError(f"a picture of {picture.size} does not fit {LARGEST} bytes")
