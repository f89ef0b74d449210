"""Groups that become supergroups while their pictures are edited."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUPS = 20
"""More than there are answers delivered at once."""


RESULT = photo("PNG")


async def test_migrated_groups_get_their_pictures_and_hold_up_nobody(stage: Any) -> None:
    bob, claims, members = await stage.telegram.user(), [], []
    for number in range(GROUPS):
        ann = await stage.telegram.user()
        group = await stage.telegram.group(f"Friends {number}", ann, kind="group")
        await ann.within(group).send(photo=photo(), caption="/edit make it snow")
        claims.append(await stage.worker.claim())
        edits = number % 2 == 0
        supergroup = await group.migrate(edits=edits)
        members.append(ann.within(group if edits else supergroup))
    await asyncio.gather(*(stage.worker.finish(claim, RESULT) for claim in claims))
    await bob.send(photo=photo(), caption="make it snow")
    await stage.worker.finish_next(RESULT)
    await bob.picture()
    for claim in claims:
        await stage.answered(claim.job.id)
    pictures = [(await member.snapshot()).pictures for member in members]
    assert [len(shown) for shown in pictures] == [1] * GROUPS
