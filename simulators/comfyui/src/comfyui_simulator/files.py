"""The server's directories: uploads in, pictures out, models by name only."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from PIL import Image

KINDS = ("input", "output", "temp")
PNG_COMPRESSION = 4
"""Of saved pictures, as in ComfyUI."""


class Files:
    """`input`, `output` and `temp` under one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        for kind in KINDS:
            (self._root / kind).mkdir(parents=True, exist_ok=True)

    def locate(self, kind: str, subfolder: str, name: str) -> Path | None:
        """Return the path of a file; None if the type is unknown, or the name leads outside its directory."""
        base = self._root / kind
        path = (base / (subfolder or ".") / name).resolve()
        return path if kind in KINDS and path.is_relative_to(base) else None

    def input_path(self, name: str) -> Path | None:
        """Return the file that a LoadImage names, such as `sub/name.png`; None if it isn't there."""
        path = self.locate("input", "", name)
        return path if path is not None and path.is_file() else None

    def fingerprint(self, name: str) -> str:
        """Return what decides whether a LoadImage must be run again: the content of its file."""
        path = self.input_path(name)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""

    def save(self, picture: Image.Image, *, prefix: str, graph: str | None = None) -> dict[str, str]:
        """Write a PNG as `<prefix>_00001_.png`, counting on from the files that are there.

        Args:
            picture: The pixels.
            prefix: Of the name, with a subfolder.
            graph: Is written into the PNG as text.
        """
        subfolder, stem = os.path.split(os.path.normpath(prefix))
        folder = self._root / "output" / subfolder
        folder.mkdir(parents=True, exist_ok=True)
        taken = (re.fullmatch(re.escape(stem) + r"_(\d+)_.*", path.name) for path in folder.iterdir())
        name = f"{stem}_{max((int(match[1]) for match in taken if match), default=0) + 1:05}_.png"
        text = PngInfo()
        if graph is not None:
            text.add_text("prompt", graph)
        picture.save(folder / name, compress_level=PNG_COMPRESSION, pnginfo=text)
        return {"filename": name, "subfolder": subfolder, "type": "output"}

    def listing(self, kind: str) -> list[str]:
        """Return all files of a type, by path relative to its directory."""
        base = self._root / kind
        # Not with Path.rglob, which fails where a worker removes a folder meanwhile.
        found = (Path(folder, name) for folder, _folders, names in os.walk(base) for name in names)
        return sorted(str(path.relative_to(base)) for path in found)
