"""Imports modules once, and forks programs that need them: `python -m qwenedit_testkit.forks.server MODULE...`.

Its standard input is a socket that listens. Each connection gets a server of its own, forked with all modules. An
order is one message: `Order` as JSON, and two descriptors. To the first goes what the program prints. The second is
told its process id, and its exit code when it has ended, a line each. When the connection is closed, its programs are
killed.
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
LINGER = 1.0
"""Seconds for which a server without a connection waits for the next."""


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


def connected() -> socket.socket | None:
    """Fork for each connection. Returns it in the new process, and None in the old one when all have ended."""
    with socket.socket(fileno=0) as listening:
        listening.settimeout(LINGER)
        forks = 0
        while True:
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                while forks and os.waitpid(-1, os.WNOHANG)[0]:
                    forks -= 1
                if not forks:
                    return None
                continue
            if os.fork() == 0:
                connection.setblocking(True)
                return connection
            connection.close()
            forks += 1


def main() -> None:
    """Import the modules, fork for each order, and run what is ordered in the forks."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()  # a collection in a fork would copy what they share
    orders = connected()
    os.open(os.devnull, os.O_RDONLY)  # in the place of the socket that listened
    if orders and (order := serve(orders)):
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
