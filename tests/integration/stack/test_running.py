"""Parts together: their order, and what the person at the terminal is told when one fails."""

from __future__ import annotations

import sys

import pytest

from local_stack import Part, PartDiedError, bare_environment, by_line, first_death, running

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


async def test_first_part_that_dies_is_named_with_its_last_lines():
    parts = [part("one"), part("two", "print('ready', flush=True); print('out of memory'); raise SystemExit(3)")]
    with pytest.raises(PartDiedError, match=r"two exited with code 3; its last lines:\n  ready\n  out of memory"):
        async with running(parts):
            await first_death(parts)
    assert not parts[0].running
