"""Keyboards, presses and senders that prove nothing: nobody gets at somebody else's job by them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from qwenedit_jobs import State
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from telegram_simulator.client import Chat, Message, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_BOT = {"id": 424242, "is_bot": True, "first_name": "Other", "username": "other_bot"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
numbers = itertools.count(7_000_000)


RESULT = photo("PNG")


@pytest_asyncio.fixture(loop_scope="module")
async def eve(stage: Any) -> Any:
    eve = await stage.telegram.user(first_name="Eve")
    await eve.send("/start")
    await eve.says("I edit photos")
    return eve


@pytest_asyncio.fixture(loop_scope="module")
async def us(stage: Any) -> dict[str, Any]:
    me = await stage.telegram.bot()
    return {"id": me["id"], "is_bot": True, "first_name": "Bot", "username": me["username"]}


def person(who: Person, name: str = "Eve") -> dict[str, Any]:
    return {"id": who.id, "is_bot": False, "first_name": name}


def chat_of(who: Person) -> dict[str, Any]:
    return {"id": who.chat_id, "type": "private" if who.chat_id > 0 else "supergroup", "title": "x"}


def keyboard(*data: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "x", "callback_data": each} for each in data]]}


def shown(who: Person, sender: dict[str, Any], *data: str, number: int = 5, **fields: Any) -> dict[str, Any]:
    """Make a message with a keyboard, as the bot sees it."""
    return {
        "message_id": number,
        "date": 1,
        "chat": chat_of(who),
        "from": sender,
        "reply_markup": keyboard(*data),
        "photo": [{"file_id": "unknown", "file_unique_id": "u", "width": 320, "height": 240}],
        **fields,
    }


def press(who: Person, data: str, message: dict[str, Any] | None) -> dict[str, Any]:
    number = next(numbers)
    query = {"id": str(number), "from": person(who), "chat_instance": "1", "data": data}
    return {"callback_query": {**query, **({"message": message} if message else {"inline_message_id": "x"})}}


async def finished(stage: Any, who: Person, **sending: Any) -> tuple[Message, Any]:
    before = len((await who.snapshot()).pictures)
    await who.send(photo=photo(), **(sending or {"caption": "make it snow"}))
    claim = await stage.worker.finish_next(RESULT)
    return await who.picture(number=before + 1), claim.job


async def waiting(stage: Any, who: Person) -> tuple[Message, Any]:
    """Return the message of a job that waits, and the job."""
    in_group = who.chat_id < 0
    (sent,) = await who.send(photo=photo(), caption="/edit make it snow" if in_group else "make it snow")
    (status,) = await stage.jobs(1)
    seen = await who.wait_for(lambda chat: placeholder_of(chat, sent))
    found = placeholder_of(seen, sent)
    assert found is not None
    return found, status.job


def placeholder_of(chat: Chat, sent: int) -> Message | None:
    return next((each for each in chat.from_bot if each.reply_to == sent and "next in line" in (each.text or "")), None)


async def all_answered(stage: Any, presses: list[dict[str, Any]]) -> None:
    """Let the bot get presses, not more than it takes of one person at once, and wait for its answers."""
    for update in presses:
        await stage.telegram.add_update(update)
    ids = {update["callback_query"]["id"] for update in presses}
    await stage.telegram.wait_for_calls(
        lambda calls: ids <= {str(call.parameters["callback_query_id"]) for call in calls},
        method="answerCallbackQuery",
    )


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("eve", {}),
        ("eve", {"via_bot": OTHER_BOT}),
        ("other bot", {}),
        ("us", {}),  # a message that answers another job
        ("us", {"forward_origin": {"type": "user", "date": 1, "sender_user": OTHER_BOT}}),
        ("us", {"via_bot": OTHER_BOT}),
    ],
)
async def test_forged_keyboard_shows_nobody_the_result_of_somebody_else(
    stage: Any, ann: Any, eve: Any, us: dict[str, Any], sender: str, fields: dict[str, Any]
) -> None:
    _picture, job = await finished(stage, ann)
    senders = {"eve": person(eve), "other bot": OTHER_BOT, "us": us}
    own = await a_photo(eve)
    answered = shown(eve, senders[sender], f"styles:{job.id}", number=next(numbers), photo=own, **fields)
    message = {
        "message_id": next(numbers),
        "date": 1,
        "chat": chat_of(eve),
        "from": person(eve),
        "text": "and now rain",
        "reply_to_message": answered,
    }
    await stage.telegram.add_update({"message": message})
    claim = await stage.worker.claim()
    assert (claim.job.user_id, claim.job.edit.prompt) == (eve.id, "and now rain")
    assert stage.worker.photos[claim.job.edit.pictures[0]] != RESULT


async def test_forged_keyboard_in_a_group_shows_nobody_a_private_result(
    stage: Any, ann: Any, eve: Any, us: dict[str, Any]
) -> None:
    _picture, job = await finished(stage, ann)
    group = await stage.telegram.group("Friends", eve)
    there = eve.within(group)
    own = await a_photo(there)
    for sender in (OTHER_BOT, us):
        message = {
            "message_id": next(numbers),
            "date": 1,
            "chat": chat_of(there),
            "from": person(eve),
            "text": "/edit and now rain",
            "reply_to_message": shown(there, sender, f"styles:{job.id}", photo=own),
        }
        await stage.telegram.add_update({"message": message})
        claim = await stage.worker.claim()
        assert (claim.job.user_id, claim.job.edit.prompt) == (eve.id, "and now rain")
        assert stage.worker.photos[claim.job.edit.pictures[0]] != RESULT
        await stage.worker.finish(claim, RESULT)


async def test_forged_presses_do_nothing_to_the_job_of_somebody_else(
    stage: Any, ann: Any, eve: Any, us: dict[str, Any]
) -> None:
    placeholder, job = await waiting(stage, ann)
    hers = shown(ann, us, f"cancel:{job.id}", number=placeholder.id)
    for verb in ("cancel", "again", "larger", "file", "styles", "over"):
        presses = [
            press(eve, f"{verb}:{job.id}", message)
            for message in (
                hers,
                None,
                shown(eve, OTHER_BOT, f"{verb}:{job.id}"),
                shown(eve, us, f"{verb}:{job.id}"),
                shown(eve, us, f"{verb}:{job.id}", via_bot=OTHER_BOT),
                {"message_id": placeholder.id, "date": 0, "chat": chat_of(ann)},
                {"message_id": 5, "date": 0, "chat": chat_of(eve)},
            )
        ]
        await all_answered(stage, presses)
    assert await stage.worker.queue.unfinished_ids() == [job.id]
    assert not (await stage.worker.queue.status(job.id)).cancelling
    seen = await ann.snapshot()
    assert len(seen.from_bot) == 1
    assert "next in line" in seen.from_bot[0].text
    assert len((await eve.snapshot()).from_bot) == 1


async def test_forged_button_makes_no_larger_picture_of_a_larger_one(stage: Any, ann: Any, us: dict[str, Any]) -> None:
    picture, _job = await finished(stage, ann)
    await ann.press("Larger", message_id=picture.id)
    claim = await stage.worker.finish_next(RESULT)
    await stage.answered(claim.job.id)
    data = f"larger:{claim.job.id}"
    await all_answered(stage, [press(ann, data, shown(ann, us, data, number=next(numbers)))])
    assert await stage.worker.queue.unfinished_ids() == []


@pytest.mark.parametrize(
    "data", ["cancel:ffffffffffffffff", "language:ru", "forget:not", "forget:all", "presets", "category:fun", "buy:1:1"]
)
async def test_forged_data_in_a_group_writes_over_nobodys_message(stage: Any, ann: Any, eve: Any, data: str) -> None:
    group = await stage.telegram.group("Friends", ann, eve)
    there, hers = ann.within(group), eve.within(group)
    placeholder, job = await waiting(stage, there)
    for presses in (there, hers):
        await presses.press_data(placeholder.id, data)
    await hers.send(f"/help@{(await stage.telegram.bot())['username']}")
    await hers.says("here I act only when you call me")  # the press was handled before that
    first = (await hers.snapshot()).from_bot[0]
    assert (first.id, first.text) == (placeholder.id, placeholder.text)
    assert first.now.labels
    assert await stage.worker.queue.unfinished_ids() == [job.id]


async def test_anonymous_admins_and_channels_are_asked_to_write_as_themselves(stage: Any, ann: Any) -> None:
    there = ann.within(await stage.telegram.group("Friends", ann))
    for stand_in, chat in ((ANONYMOUS, there.chat_id), (CHANNEL_BOT, -1001), (CHANNEL_BOT, -1002)):
        await post_as(stage, there, stand_in, chat, text="what a day")
        for _ in range(2):
            await post_as(stage, there, stand_in, chat, caption="/edit make it snow")
    name = (await stage.telegram.bot())["username"]
    for post in ({"text": "/ban@other_bot"}, {"text": f"try @{name}", "is_automatic_forward": True}):  # for others
        await post_as(stage, there, CHANNEL_BOT, -1003, **post)
    await there.send(f"/help@{name}")
    await there.says("here I act only when you call me")
    assert await stage.worker.queue.unfinished_ids() == []
    said = [message.text for message in (await there.snapshot()).from_bot]
    assert [text.startswith("Please write to me as yourself") for text in said] == [True] * 3 + [False]


async def a_photo(place: Person) -> list[dict[str, Any]]:
    """Send a photo, and return it as Telegram shows it to bots."""
    (sent,) = await place.send(photo=photo())
    media = next(each for each in (await place.snapshot()).messages if each.id == sent).now.media
    assert media is not None
    return [{"file_id": media.file_id, "file_unique_id": "u", "width": 320, "height": 240}]


async def post_as(stage: Any, place: Person, stand_in: dict[str, Any], chat: int, **fields: Any) -> None:
    """Let somebody write on behalf of a chat, with a photo where there is a caption."""
    if "caption" in fields:
        fields["photo"] = await a_photo(place)
    sender_chat = {"id": chat, "type": "channel" if chat > -100_000 else "supergroup", "title": "x"}
    message = {
        "message_id": next(numbers),
        "date": 1,
        "chat": chat_of(place),
        "from": stand_in,
        "sender_chat": sender_chat,
        **fields,
    }
    await stage.telegram.add_update({"message": message})


@pytest.mark.parametrize(
    "fields",
    [
        {"forward_origin": {"type": "channel", "date": 1, "chat": {"id": -1, "type": "channel"}, "message_id": 1}},
        {"is_automatic_forward": True},
        {"via_bot": OTHER_BOT},
    ],
)
async def test_commands_that_somebody_else_wrote_are_not_executed_in_groups(
    stage: Any, ann: Any, fields: dict[str, Any]
) -> None:
    group = await stage.telegram.group("Friends", ann)
    there = ann.within(group)
    _placeholder, job = await waiting(stage, there)
    name = (await stage.telegram.bot())["username"]
    base = {"date": 1, "chat": chat_of(there), "from": person(ann)}
    for text in (f"/cancel@{name}", f"/privacy@{name}", "/edit make it rain"):
        await stage.telegram.add_update({"message": {**base, "message_id": next(numbers), "text": text, **fields}})
    await there.send(f"/help@{name}")
    await there.says("here I act only when you call me")
    assert await stage.worker.queue.unfinished_ids() == [job.id]
    assert len((await there.snapshot()).from_bot) == 2


async def test_edited_message_of_somebody_else_changes_no_job(stage: Any, ann: Any, eve: Any) -> None:
    there = ann.within(await stage.telegram.group("Friends", ann, eve))
    placeholder, job = await waiting(stage, there)
    edited = {
        "message_id": placeholder.reply_to,
        "date": 1,
        "edit_date": 2,
        "chat": chat_of(there),
        "from": person(eve),
        "caption": "/edit make it rain",
        "photo": await a_photo(there),
    }
    await stage.telegram.add_update({"edited_message": edited})
    await stage.eventually(stage.nothing_waits)
    status = await stage.worker.queue.status(job.id)
    assert (status.job.edit.prompt, status.state, status.cancelling) == ("make it snow", State.QUEUED, False)
