"""Normalise one picture, with limits that the kernel enforces: `python -I -m qwenedit_decoder BYTES SECONDS NICE`.

It reads the picture from its input. Its output is a line of JSON, and the picture where that has changed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path

from qwenedit_decoder import decoding
from qwenedit_decoder.limits import PictureRefusedError, ProcessLimits, Refusal


def main() -> None:
    """Normalise the picture, and end at once: nothing here needs to be tidied up."""
    limits = ProcessLimits(*map(int, sys.argv[1:]))
    os.nice(limits.nice)
    with os.fdopen(sys.stdin.fileno(), "rb") as file:
        if decoding.is_heif(file.peek()):
            decoding.load_heif()
        _limit(limits)
        head, picture = _normalised(file.read())
    with sys.stdout.buffer as output:
        output.write(json.dumps(head).encode() + b"\n")
        output.write(picture)
    os._exit(0)


def _normalised(data: bytes) -> tuple[dict[str, str | int], bytes]:
    try:
        normalised = decoding.normalise(data)
    except PictureRefusedError as error:
        return {"refused": error.why, "width": error.width, "height": error.height}, b""
    except MemoryError:
        return {"refused": Refusal.TOO_HEAVY, "width": 0, "height": 0}, b""
    except Exception as error:  # noqa: BLE001 - the bot's log has it
        # By type and place: a message may quote what is in the file.
        frames = "".join(traceback.format_tb(error.__traceback__))
        return {"defect": type(error).__name__, "frames": frames}, b""
    head: dict[str, str | int] = {"width": normalised.width, "height": normalised.height}
    return head, b"" if normalised.data is data else normalised.data


def _limit(limits: ProcessLimits) -> None:
    """Have the kernel end this process beyond the limits; an allocation beyond them fails."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, mapped + limits.memory),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),  # its input and output, and what a library opens to load a part of itself
    ):
        resource.setrlimit(what, (most, most))


main()
