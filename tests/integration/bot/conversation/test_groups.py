"""The bot in a group: there when it is called, quiet otherwise."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from telegram_simulator.client import Group, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")


@dataclass
class Party:
    """A group, and two of its members in it."""

    ann: Person
    boris: Person
    name: str
    """The bot's."""
    group: Group


@pytest_asyncio.fixture(loop_scope="module")
async def party(stage: Any) -> Any:
    ann, boris = await stage.telegram.user(), await stage.telegram.user(language="ru")
    group = await stage.telegram.group("Friends", ann, boris)
    return Party(ann.within(group), boris.within(group), (await stage.telegram.bot())["username"], group)


async def test_only_the_one_who_asked_may_press(party, worker) -> None:
    for number in range(4):
        await party.ann.send(photo=photo(), caption=f"/edit wish {number}")
    waits = await party.ann.says("I'll begin as soon as")
    job = (await party.ann.snapshot()).from_bot[0]
    for shown in (job, waits):
        await party.boris.press("Cancel", message_id=shown.id)
    seen = await party.boris.wait_for(lambda chat: len(chat.answers) == 2)
    told = "Эти кнопки может нажимать только тот, кто попросил картинку. Пришлите своё фото!"
    assert seen.answers == ((told, True),) * 2
    assert len(await worker.queue.unfinished_ids()) == 3
    await party.ann.press("Cancel", message_id=waits.id)
    await party.ann.wait_for(lambda chat: chat.answers and chat.answers[-1].text == "Cancelled")


async def test_command_or_a_mention_in_reply_edits_anybodys_photo(party, worker) -> None:
    (sent,) = await party.ann.send(photo=photo())
    for wish in ("/edit make it snow", f"@{party.name} make it snow"):
        (called,) = await party.boris.send(wish, reply_to=sent)
        claim = await worker.finish_next(RESULT)
        assert (claim.job.edit.prompt, claim.job.user_id) == ("make it snow", party.boris.id)
        answer = await party.boris.picture(number=2 if wish.startswith("@") else 1)
        assert answer.reply_to == called
    assert answer.now.labels[0] == "Снова"


async def test_words_in_reply_to_a_result_are_for_the_bot_only_with_its_name(party, worker) -> None:
    await party.ann.send(photo=photo(), caption="/edit make it snow")
    await worker.finish_next(RESULT)
    picture = await party.ann.picture()
    for said in ("👍 !", "so cool!!", "why is he blue", "make the sky green"):
        await party.boris.send(said, reply_to=picture.id)
    await party.boris.send(f"@{party.name} make it hail", reply_to=picture.id)
    claim = await worker.finish_next(RESULT)
    assert (claim.job.edit.prompt, worker.photos[claim.job.edit.pictures[0]]) == ("make it hail", RESULT)
    await party.ann.picture(number=2)
    assert await worker.queue.unfinished_ids() == []


async def test_words_about_another_persons_result_reach_only_the_picture_that_is_shown(party, worker) -> None:
    """Not the photo that it was made of, which its owner may have deleted: neither “again” nor “undo” goes there."""
    (sent,) = await party.ann.send(photo=photo(), caption="/edit make it snow")
    await worker.finish_next(RESULT)
    picture = await party.ann.picture()
    await party.ann.delete(sent)
    for words, answer in (("ещё раз", "Уже не помню"), ("верни", "Возвращать нечего")):
        await party.boris.send(f"@{party.name} {words}", reply_to=picture.id)
        await party.boris.says(answer)
    await party.boris.send(f"@{party.name} make it rain", reply_to=picture.id)
    claim = await worker.finish_next(photo("PNG"))
    assert (claim.job.edit.prompt, worker.photos[claim.job.edit.pictures[0]]) == ("make it rain", RESULT)
    second = await party.boris.picture(number=2)
    await party.boris.send(f"@{party.name} верни", reply_to=second.id)
    assert (await party.boris.says("Вернулся к этой")).reply_to == picture.id


@pytest.mark.parametrize("begun", [False, True], ids=["waiting", "running"])
async def test_words_about_another_persons_unfinished_job_use_none_of_its_pictures(party, worker, begun) -> None:
    """They don't change its words, don't wait for its result, and don't use its photo."""
    await party.ann.send(photo=photo(), caption="/edit make it snow")
    shown = await party.ann.says("next in line")
    if begun:
        await worker.claim()
    for words, answer in (("stop", "Вашего здесь ничего"), ("again", "Уже не помню"), ("make it rain", "Какое фото?")):
        await party.boris.send(f"@{party.name} {words}", reply_to=shown.id)
        await party.boris.says(answer)
    (job,) = await worker.queue.statuses(await worker.queue.unfinished_ids())
    assert (job.job.user_id, job.job.edit.prompt, job.cancelling) == (party.ann.id, "make it snow", False)


async def test_photo_in_reply_to_the_bots_question_joins_the_first(party) -> None:
    await party.ann.send(photo=photo(), caption="/edit")
    asked = await party.ann.says("Reply to this message")
    await party.ann.send(photo=photo(), reply_to=asked.id)
    assert (await party.ann.says("2 photos! What should I change?")).id == asked.id


async def test_instruction_is_asked_for_and_taken_from_the_one_who_called(party, worker) -> None:
    await party.ann.send(photo=photo(), caption="/edit")
    asked = await party.ann.says("Reply to this message")
    await party.boris.send("make it rain", reply_to=asked.id)
    await party.ann.send("not for the bot")
    await party.ann.send("make it snow", reply_to=asked.id)
    assert (await worker.finish_next(RESULT)).job.edit.prompt == "make it snow"
    await party.ann.picture()
    assert len((await party.ann.snapshot()).from_bot) == 2


async def test_preset_of_two_photos_takes_the_second_one_as_a_reply(party, worker) -> None:
    await party.ann.send(photo=photo(), caption="/edit make it snow")
    await worker.finish_next(RESULT)
    picture = await party.ann.picture()
    await party.ann.press("Styles", message_id=picture.id)
    await party.ann.press("Try on & combine")
    await party.ann.press("Try on clothes")
    asked = await party.ann.says("Please reply to this message with it")
    await party.ann.send(photo=photo())
    await party.ann.send(photo=photo(size=(200, 200)), reply_to=asked.id)
    claim = await worker.finish_next(RESULT)
    assert len(claim.job.edit.pictures) == 2
    assert worker.photos[claim.job.edit.pictures[0]] == RESULT
    await party.ann.picture(number=2)


async def test_album_of_which_only_one_photo_is_seen_is_refused_in_words(party, worker) -> None:
    await party.ann.send(album=[photo(), photo()], caption="/edit put one into the other together")
    await party.ann.says("Telegram shows me only one photo of your album")
    assert await worker.queue.unfinished_ids() == []


async def test_call_without_a_photo_is_told_how(party) -> None:
    await party.ann.send("/edit make it snow")
    await party.ann.says("Which photo?")
    await party.ann.send(f"@{party.name}")
    await party.ann.says("here I act only when you call me")


async def test_commands_are_answered_where_they_name_the_bot(party, worker) -> None:
    await party.ann.send(photo=photo(), caption="/edit make it snow")
    await worker.claim()
    await party.ann.send(f"/cancel@{party.name}")
    await party.ann.says("I've cancelled your picture")


@pytest.mark.parametrize(
    "above",
    [{"forum_topic_created": {"name": "Pictures", "icon_color": 1}}, {"is_automatic_forward": True, "text": "x"}],
)
async def test_stop_in_a_topic_and_below_a_channels_post_cancels(stage, party, worker, above) -> None:
    await party.ann.send(photo=photo(), caption="/edit make it snow")
    await party.ann.says("next in line")
    there = {"date": 1, "chat": {"id": party.group.id, "type": "supergroup", "title": "Friends"}}
    said = {
        **there,
        "message_id": 7_000_001,
        "message_thread_id": 7_000_000,
        "text": f"@{party.name} stop",
        "from": {"id": party.ann.id, "is_bot": False, "first_name": "Ann"},
        "reply_to_message": {**there, "message_id": 7_000_000, **above},
    }
    await stage.telegram.add_update({"message": said})
    await party.ann.says("I've cancelled your picture")
    await party.ann.wait_for(lambda chat: len(chat.from_bot) == 1)
    assert await worker.queue.unfinished_ids() == []


async def test_bot_is_quiet_about_group_messages_that_do_not_call_it(stage, party, worker) -> None:
    await stage.telegram.set_privacy(reads_all=True)
    try:
        await party.ann.send("hello everybody")
        await party.ann.send("/start")
        await party.ann.send("/edit@other_bot make it snow")
        await party.ann.send("/dance")
        (sent,) = await party.ann.send(photo=photo(), caption="make it snow")
        await party.ann.send("nice!", reply_to=sent)
        await party.ann.send(document=b"words", name="notes.txt")
        await party.ann.send(album=[photo() for _ in range(5)], caption="our holidays")
        await party.ann.send(kind="sticker", document=b"RIFF")
        await asyncio.sleep(2)  # an album is looked at when it is whole
        await party.ann.send(f"/help@{party.name}")
        await party.ann.says("here I act only when you call me")
    finally:
        await stage.telegram.set_privacy(reads_all=False)
    assert len((await party.ann.snapshot()).from_bot) == 1
    assert await worker.queue.unfinished_ids() == []
