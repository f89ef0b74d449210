"""Ports that processes are told before they start."""

import subprocess
import sys

from local_stack import free_port

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
