"""Ports that processes are told before they start."""

import socket
import subprocess
import sys

import pytest

from local_stack import HOST, NoFreePortError, free_port
from local_stack.processes import ports

BESIDE = "from local_stack import free_port; print(*(free_port() for _ in range(500)), flush=True); input()"


def test_no_port_is_returned_twice_not_even_to_processes_side_by_side() -> None:
    command = (sys.executable, "-c", BESIDE)
    beside = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        theirs = [line for each in beside if each.stdout for line in each.stdout.readline().split()]
        ours = [str(free_port()) for _ in range(500)]
    finally:
        for each in beside:
            each.communicate("\n", timeout=60)
    assert len({*theirs, *ours}) == 1_500


def test_port_that_somebody_listens_on_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "_ports", lambda: iter([port]))
        with pytest.raises(NoFreePortError):
            free_port()


def test_port_is_free_again_when_its_process_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from local_stack import free_port; print(free_port())"
    port = int(subprocess.run((sys.executable, "-c", code), stdout=subprocess.PIPE, check=True).stdout)
    monkeypatch.setattr(ports, "_ports", lambda: iter([port]))
    assert free_port() == port
