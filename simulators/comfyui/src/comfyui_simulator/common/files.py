"""The server's directories: uploads in, pictures out, models by name only."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.PngImagePlugin import PngInfo

from comfyui_simulator.common.errors import ForbiddenPathError

if TYPE_CHECKING:
    from PIL import Image

PNG_COMPRESSION = 4
"""Of saved pictures, as in ComfyUI."""
PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}


class Files:
    """`input`, `output` and `temp` under one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        for kind in ("input", "output", "temp"):
            (self.root / kind).mkdir(parents=True, exist_ok=True)

    def directory(self, kind: str) -> Path | None:
        """The directory of a type, or None for an unknown type."""
        return self.root / kind if kind in {"input", "output", "temp"} else None

    def locate(self, kind: str, subfolder: str, name: str) -> Path:
        """The path of a file.

        Raises:
            KeyError: The type is unknown.
            ForbiddenPathError: The name leads outside the type's directory.
        """
        base = self.directory(kind)
        if base is None:
            raise KeyError(kind)
        path = (base / os.path.normpath(subfolder or ".") / name).resolve()
        if not path.is_relative_to(base):
            raise ForbiddenPathError(name)
        return path

    def upload(self, *, kind: str, subfolder: str, name: str, content: bytes, overwrite: bool) -> str:
        """Store an upload and return the name it got.

        A taken name is kept if the content is the same; otherwise the file becomes `name (1).png` and so on.
        """
        path = self.locate(kind, subfolder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        stem, suffix = Path(name).stem, Path(name).suffix
        count = 0
        while path.exists() and not overwrite:
            if path.read_bytes() == content:
                return name
            count += 1
            name = f"{stem} ({count}){suffix}"
            path = self.locate(kind, subfolder, name)
        path.write_bytes(content)
        return name

    def input_path(self, name: str) -> Path:
        """The file a LoadImage names: `sub/name.png`, or with another type as `name.png [output]`."""
        kind = "input"
        if match := re.fullmatch(r"(.*) \[(input|output|temp)]", name):
            name, kind = match.groups()
        return self.locate(kind, "", name)

    def input_exists(self, name: str) -> bool:
        """Whether a LoadImage of this name would find its file."""
        try:
            return self.input_path(name).is_file()
        except ForbiddenPathError:
            return False

    def fingerprint(self, name: str) -> str:
        """What decides whether a LoadImage must be run again: the content of its file."""
        return hashlib.sha256(self.input_path(name).read_bytes()).hexdigest()

    def save(self, picture: Image.Image, *, kind: str, prefix: str, graph: str | None = None) -> dict[str, str]:
        """Write a PNG as `<prefix>_00001_.png`, counting on from the files that are there.

        Args:
            picture: The pixels.
            kind: The type of folder.
            prefix: Of the name.
            graph: Is written into the PNG as text.
        """
        prefix = os.path.normpath(prefix)
        subfolder, stem = os.path.split(prefix)
        folder = self.locate(kind, subfolder, ".")
        folder.mkdir(parents=True, exist_ok=True)
        taken = (re.fullmatch(re.escape(stem) + r"_(\d+)_.*", path.name, re.IGNORECASE) for path in folder.iterdir())
        number = max((int(match[1]) for match in taken if match), default=0) + 1
        name = f"{stem}_{number:05}_.png"
        text = PngInfo()
        if graph is not None:
            text.add_text("prompt", graph)
        picture.save(folder / name, compress_level=PNG_COMPRESSION, pnginfo=text)
        return {"filename": name, "subfolder": subfolder, "type": kind}

    def listing(self, kind: str) -> tuple[str, ...]:
        """All files of a type, by path relative to its directory."""
        base = self.root / kind
        # Not with Path.rglob, which fails where a worker removes a folder meanwhile.
        found = (Path(folder, name) for folder, _folders, names in os.walk(base) for name in names)
        return tuple(sorted(str(path.relative_to(base)) for path in found))

    def choices(self) -> tuple[str, ...]:
        """The pictures that LoadImage offers: those at the top of the input directory, like ComfyUI."""
        # Folders are not entered: a worker may be removing one.
        return tuple(sorted(path.name for path in (self.root / "input").iterdir() if _is_picture(path.name)))


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in PICTURE_SUFFIXES
