"""The loop of the process that decodes pictures: reads one after the other from its input, answers on its output."""

from __future__ import annotations

import json
import math
import os
import resource
import struct
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from qwenedit_decoder.decoding import (
    PictureRefusedError,
    TooHeavyError,
    for_send_photo,
    normalise,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

ORDER: Final = struct.Struct("!cQ")
"""What to do, and bytes of the picture that follows."""
ANSWER: Final = struct.Struct("!cIQ")
"""What became of it, bytes of the JSON and bytes of the picture that follow."""
NORMALISE: Final = b"n"
FOR_SEND_PHOTO: Final = b"s"
READY: Final = b"r"
DONE: Final = b"d"
SAME: Final = b"="
"""Done: the picture is good as it came."""
REFUSED: Final = b"x"
TOO_HEAVY: Final = b"h"
DEFECT: Final = b"!"
"""The code itself failed, in a way that it does not know of pictures."""

LIGHT_NICE: Final = 5
HEAVY_NICE: Final = 10
"""Where processors are scarce, the bot's answers go before pictures, and light pictures before heavy ones."""


def main() -> None:
    """Answer orders until the input ends."""
    cpu, memory, light = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "light"
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.nice(LIGHT_NICE if light else HEAVY_NICE)
    os.dup2(2, 1)  # what a library prints is no answer
    Image.preinit()
    Image.init()
    _limit_memory(memory)
    _answer(answers, READY)
    while len(head := orders.read(ORDER.size)) == ORDER.size:
        what, size = ORDER.unpack(head)
        _limit_cpu(cpu)
        _carry_out(what, orders.read(size), answers, light=light)


def _carry_out(what: bytes, data: bytes, answers: BinaryIO, *, light: bool) -> None:
    try:
        if what == FOR_SEND_PHOTO:
            _answer(answers, DONE, picture=for_send_photo(data, light=light) or b"")
            return
        done = normalise(data, light=light)
        same = done.data == data
        about = {"width": done.width, "height": done.height, "pixels": done.pixels}
        _answer(answers, SAME if same else DONE, about, b"" if same else done.data)
    except PictureRefusedError as error:
        _answer(answers, REFUSED, {"why": error.why, "width": error.width, "height": error.height})
    except (TooHeavyError, MemoryError):
        _answer(answers, TOO_HEAVY)
    except Exception as error:  # noqa: BLE001 - one picture's defect must not end the process
        # By type and place: a message may quote what is in the file.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _answer(answers, DEFECT, {"error": type(error).__name__, "frames": frames})


def _answer(answers: BinaryIO, outcome: bytes, about: Mapping[str, object] | None = None, picture: bytes = b"") -> None:
    said = json.dumps(about or {}).encode()
    answers.write(ANSWER.pack(outcome, len(said), len(picture)))
    answers.write(said)
    answers.write(picture)
    answers.flush()


def _limit_memory(size: int) -> None:
    """Let the process grow by so many bytes: an allocation beyond that fails."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + size, mapped + size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(seconds: int) -> None:
    """Have the kernel end the process when it has used so many seconds more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + seconds, hard))
