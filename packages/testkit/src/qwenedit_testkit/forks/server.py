"""Forks a program for each order: `python -m qwenedit_testkit.forks.server DESCRIPTOR MODULE...`.

The descriptor is a socket's. An order is one message of it: `Order` as JSON, and two descriptors. To the first goes
what the program prints. The second is told its process id, and its exit code when it has ended, a line each. When the
socket is closed, the programs are killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import TypedDict

ORDER_SIZE = 1 << 17
"""Bytes of an order at most."""


class Order(TypedDict):
    """What to run: `python -m` with a module and its arguments, a whole environment, and a working directory."""

    module: str
    arguments: list[str]
    env: dict[str, str]
    cwd: str


def serve(orders: socket.socket) -> Order | None:
    """Fork for each order. Returns the order in the new process, and None in the old one when there are no more."""
    running: dict[int, tuple[int, int]] = {}
    with DefaultSelector() as selector:
        selector.register(orders, EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not orders:
                    _tell_end(*running.pop(key.fd))
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    continue
                message, descriptors, _flags, _address = socket.recv_fds(orders, ORDER_SIZE, 2)
                if not message:
                    for pid, told in running.values():
                        os.kill(pid, signal.SIGKILL)
                        _tell_end(pid, told)
                    return None
                output, told = descriptors
                if (pid := os.fork()) == 0:
                    for each in (orders.detach(), told, *running, *(told for _pid, told in running.values())):
                        os.close(each)
                    order: Order = json.loads(message)
                    _become(order, output)
                    return order
                os.close(output)
                _tell(told, pid)
                watch = os.pidfd_open(pid)
                running[watch] = (pid, told)
                selector.register(watch, EVENT_READ)


def _become(order: Order, output: int) -> None:
    os.setpgid(0, 0)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    sys.argv[1:] = order["arguments"]


def _tell_end(pid: int, told: int) -> None:
    _tell(told, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os.close(told)


def _tell(told: int, number: int) -> None:
    with suppress(BrokenPipeError):  # nobody wants to know any more
        os.write(told, b"%d\n" % number)


def main() -> None:
    """Import the modules, fork for each order, and run what is ordered in the forks."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        importlib.import_module(name)
    gc.freeze()  # a collection in a fork would copy what they share
    if order := serve(orders):
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
