"""Answers that could not be given where they were asked for, and are given when the bot may write there again."""

from __future__ import annotations

import pytest

from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")


async def test_person_who_blocked_the_bot_holds_up_nobody_and_gets_the_picture_on_their_return(
    stage, ann, worker
) -> None:
    bob = await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    claim = await worker.claim()
    await ann.block()
    await worker.finish(claim, RESULT)
    await stage.answered(claim.job.id)
    await stage.bot.wait_for_line("answer.delivered.*unreachable")
    await bob.send(photo=photo(), caption="make it rain")
    await worker.finish_next(RESULT)
    await bob.picture()
    await ann.unblock()
    assert (await ann.picture()).text == "✨ “make it snow”"


async def test_group_without_pictures_is_told_so_and_gets_them_when_an_admin_allows_them(stage, ann, worker) -> None:
    group = await stage.telegram.group("Quiet", ann)
    member = ann.within(group)
    await member.send(photo=photo(), caption="/edit make it snow")
    claim = await worker.claim()
    await group.forbid_media()
    await worker.finish(claim, RESULT)
    await member.says("I may not send pictures here")
    await group.promote_bot()
    await member.picture()


@pytest.mark.parametrize("known", [True, False], ids=["forbidden", "of tomorrow"])
async def test_group_in_which_the_bot_may_not_write_holds_up_nobody_and_is_answered_later(
    stage, ann, worker, known
) -> None:
    group = await stage.telegram.group("Silent", ann)
    member = ann.within(group)
    await member.send(photo=photo(), caption="/edit make it snow")
    claim = await worker.claim()
    await (group.forbid_everything() if known else group.refuse(description="OF_TOMORROW"))
    await worker.finish(claim, RESULT)
    await ann.send(photo=photo(), caption="make it rain")
    await worker.finish_next(RESULT)
    await ann.picture()
    await stage.answered(claim.job.id)
    await group.clear_refusals()
    await group.promote_bot()
    await member.picture()


async def test_answers_that_a_group_refused_come_when_somebody_calls_the_bot_there(stage, ann, worker) -> None:
    """Nobody tells the bot that an admin lets all members write again."""
    group = await stage.telegram.group("Silent at night", ann)
    member = ann.within(group)
    for wish in ("make it snow", "make it rain"):
        await member.send(photo=photo(), caption=f"/edit {wish}")
    claims = [await worker.claim() for _ in range(2)]
    await group.refuse(description="CHAT_RESTRICTED")
    for claim in claims:
        await worker.finish(claim, RESULT)
        await stage.answered(claim.job.id)
    assert (await member.snapshot()).pictures == ()
    await group.clear_refusals()
    await member.send(photo=photo(), caption="/edit make it summer")
    await worker.finish_next(RESULT)
    await member.wait_for(lambda chat: len(chat.pictures) == 3)
    assert len((await member.snapshot()).from_bot) == 3
