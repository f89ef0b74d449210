"""What a simulator is started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Config:
    """Where the simulator listens and how fast its pretended GPU is.

    Attributes:
        data_dir: Holds `input`, `output` and `temp`, like ComfyUI's own directories.
        port: Port to listen on; 0 takes a free one.
        step_seconds: How long one sampling step takes.
        load_seconds: How long the first load of a diffusion model takes.
        max_upload_bytes: Larger request bodies are answered 413. ComfyUI's default is 100 MB.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8188
    step_seconds: float = 0.5
    load_seconds: float = 0.0
    max_upload_bytes: int = 100 * MEGABYTE
