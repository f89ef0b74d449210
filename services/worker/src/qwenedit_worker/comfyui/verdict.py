"""Whether ComfyUI's executor is alive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell the kubelet about ComfyUI."""

    condemned: bool
    """True: only a restart helps. False: alive, busy, or not enough evidence yet."""
    reason: str
    """In words, for the log and the probe's answer."""
