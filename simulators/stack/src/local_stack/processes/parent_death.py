"""Processes that end with the process that started them, also where that one is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""Of Linux' <sys/prctl.h>."""


def end_with_parent() -> Callable[[], None] | None:
    """Return what a new process calls before it becomes its program; None where the kernel has no such thing.

    The kernel counts the thread that starts the process as its parent, so start it from one that stays.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def tell_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)

    return tell_kernel
