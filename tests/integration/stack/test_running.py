"""Parts together: their order, and what the person at the terminal is told when one fails."""

from __future__ import annotations

import sys

import pytest

from local_stack import Part, PartDiedError, bare_environment, by_line, running

SERVES = "import time; print('ready', flush=True); time.sleep(60)"


def part(name: str, code: str = SERVES) -> Part:
    return Part(name, (sys.executable, "-c", code), env=bare_environment(), ready=by_line("ready"))


async def test_parts_are_stopped_where_the_next_one_does_not_start():
    good, bad, never = part("good"), part("bad", "raise SystemExit('no luck')"), part("never")
    with pytest.raises(PartDiedError, match=r"bad exited with code 1; its last lines:\n  no luck"):
        async with running([good, bad, never]):
            raise AssertionError
    assert not good.running
    assert never.lines == []
