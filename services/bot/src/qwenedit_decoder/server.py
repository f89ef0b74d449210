"""Forks a process for each picture, with limits that the kernel enforces.

The server imports the libraries once and opens no picture itself. So a process costs a millisecond, and what a picture
does to one ends with it.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import traceback
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from qwenedit_decoder import decoding, heif, results
from qwenedit_decoder.answers import Answer, Limits, PictureRefusedError, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPEN_FILES = 32
"""What a process may have open: what the server has, and the picture's own socket."""

ORDERS: Final[Mapping[str, Callable[..., Answer]]] = {
    "look at photo": decoding.look_at_photo,
    "look at file": decoding.look_at_file,
    "normalise": decoding.normalise,
    "look at result": results.look_at_result,
    "make photo": results.make_photo,
}
"""What can be done with a picture."""


def serve(control: int) -> None:
    """Fork a process for each socket that comes over the socket `control`, until the other end is closed."""
    Image.preinit()
    Image.init()
    heif.load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets processes that have ended
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.collect()
    gc.freeze()  # so that processes share what the server has
    with socket.socket(fileno=control) as orders:
        while descriptors := socket.recv_fds(orders, 1, 1)[1]:
            if os.fork() == 0:
                orders.close()
                try:
                    with socket.socket(fileno=descriptors[0]) as bot:
                        _answer(bot)
                finally:
                    os._exit(0)
            os.close(descriptors[0])


def _answer(bot: socket.socket) -> None:
    with bot.makefile("rwb") as stream:
        order = json.loads(stream.readline())
        _limit(Limits(**order["limits"]))
        said, picture = _carried_out(order["do"], stream.read(order["size"]), order["with"])
        stream.write(json.dumps(said).encode() + b"\n")
        stream.write(picture)


def _carried_out(what: str, data: bytes, arguments: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        answer = ORDERS[what](data, **arguments)
        picture = getattr(answer, "data", b"")
        said = {each.name: getattr(answer, each.name) for each in fields(answer) if each.name != "data"}
        said["same"] = picture is data
    except PictureRefusedError as error:
        return {"refused": error.why, "width": error.width, "height": error.height}, b""
    except MemoryError:
        return {"refused": Refusal.TOO_HEAVY}, b""
    except Exception as error:  # noqa: BLE001 - the bot's log has it
        # By type and place: a message may quote what is in the file.
        frames = "".join(traceback.format_tb(error.__traceback__))
        return {"defect": type(error).__name__, "frames": frames}, b""
    return said, b"" if picture is data else picture


def _limit(limits: Limits) -> None:
    """Have the kernel end this process beyond the limits; an allocation beyond them fails."""
    os.nice(limits.nice)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, mapped + limits.memory),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(what, (most, most))
    signal.alarm(limits.seconds)
