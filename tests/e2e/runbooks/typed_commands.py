"""What all troubles together have typed: it runs after them."""

from __future__ import annotations

import shutil

import pytest


async def test_every_command_of_every_page_was_typed(on_call):
    if shutil.which("go") is None:
        pytest.skip("the troubles of the store of objects were skipped: there is no go on PATH")
    print("alert | cause | commands | seconds | first")
    for each in on_call.incidents:
        print(f"{each.alert} | {each.cause} | {each.commands} | {each.seconds:.1f} | {each.first}")
    assert not on_call.left(), "a page has a command that no trouble types"
