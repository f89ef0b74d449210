"""Messages that are not what they seem: in another's name, forwarded, through another bot, with forged buttons."""

from __future__ import annotations

import pytest
from aiogram.types import InaccessibleMessage

from telegram_simulator.client import Item, RefusedError


async def received(bot):
    return [update.message for update in await bot.get_updates()]


@pytest.fixture
async def group(telegram, ann):
    await telegram.set_privacy(reads_all=True)
    return await telegram.group("Friends", ann)


@pytest.mark.parametrize(
    ("guise", "sender_id", "chat_type"),
    [("anonymous", 1087968824, "supergroup"), ("channel", 136817688, "channel"), ("linked_channel", 777000, "channel")],
)
async def test_sender_in_another_name_is_told_as_telegram_tells_it(bot, ann, group, guise, sender_id, chat_type):
    somebody = ann.within(group).speaking_as(guise)
    sent = await somebody.send_text("/help")
    (message,) = await received(bot)
    assert (message.message_id, message.from_user.id, message.sender_chat.type) == (sent, sender_id, chat_type)
    assert (message.sender_chat.id == group.id) is (guise == "anonymous")
    assert bool(message.is_automatic_forward) is (guise == "linked_channel")
    assert not (await somebody.snapshot()).from_bot
    await somebody.edit(sent, "/help me")
    assert (await bot.get_updates())[-1].edited_message.sender_chat == message.sender_chat


async def test_sender_of_a_press_is_the_person_even_if_anonymous(bot, ann, group):
    await bot.send_message(group.id, "x", reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]})
    await ann.within(group).speaking_as("anonymous").press("A")
    (update,) = await bot.get_updates()
    assert update.callback_query.from_user.id == ann.id


async def test_sender_in_a_private_chat_is_the_person_themselves(ann):
    with pytest.raises(RefusedError, match="only themselves"):
        await ann.speaking_as("anonymous").send_text("hello")


@pytest.mark.parametrize("origin", ["user", "hidden_user", "chat", "channel"])
async def test_forwarded_message_says_where_it_comes_from(bot, ann, picture, origin):
    await ann.send(photo=picture(), caption="/ban 5", forwarded=origin)
    (message,) = await received(bot)
    assert message.forward_origin.type == origin
    assert message.from_user.id == ann.id
    assert (await ann.snapshot()).messages[-1].forwarded


async def test_forwarded_result_says_that_it_is_the_bots_and_cannot_be_edited(bot, telegram, ann):
    said = await bot.send_message(ann.id, "Here it is")
    bob = await telegram.user(first_name="Bob")
    group = await telegram.group("Friends", ann, bob)
    await telegram.set_privacy(reads_all=True)
    sent = await ann.forward(said.message_id, to=group)
    (message,) = await received(bot)
    assert (message.chat.id, message.message_id, message.text) == (group.id, sent, "Here it is")
    assert message.forward_origin.sender_user.id == bot.id
    assert message.from_user.id == ann.id


async def test_forged_keyboard_reaches_the_bot_and_its_buttons_can_be_pressed(bot, telegram, ann, group):
    bob = await telegram.user(first_name="Bob")
    forged = await ann.within(group).send("Look!", via_bot="evil_bot", keyboard=[[("Again", "again:123")]])
    (message,) = await received(bot)
    assert message.via_bot.username == "evil_bot"
    assert message.reply_markup.inline_keyboard[0][0].callback_data == "again:123"
    await ann.within(group).send("/help", reply_to=forged[0])
    await ann.within(group).press("Again")
    *_, reply, press = await bot.get_updates()
    assert reply.message.reply_to_message.reply_markup == message.reply_markup
    assert (press.callback_query.data, press.callback_query.message.message_id) == ("again:123", forged[0])
    assert press.callback_query.message.from_user.id == ann.id
    with pytest.raises(RefusedError):
        await bob.within(group).press_data(forged[0], "again:123")  # not in the group


async def test_bots_are_not_heard_but_their_messages_are_seen_in_replies(bot, telegram, ann):
    other = await telegram.user(first_name="Other", username="other_bot", is_bot=True)
    group = await telegram.group("Friends", ann, other)
    (said,) = await other.within(group).send("/help", keyboard=[[("Again", "again:123")]])
    assert await received(bot) == []
    await ann.within(group).send("/help", reply_to=said)
    (message,) = await received(bot)
    assert message.reply_to_message.from_user.is_bot
    assert message.reply_to_message.from_user.id != bot.id
    assert message.reply_to_message.reply_markup is not None


async def test_press_of_a_very_old_button_tells_only_where_it_is(bot, ann):
    said = await bot.send_message(
        ann.id, "x", reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    )
    await ann.press_data(said.message_id, "a", inaccessible=True)
    (update,) = await bot.get_updates()
    assert isinstance(update.callback_query.message, InaccessibleMessage)
    assert (update.callback_query.message.message_id, update.callback_query.message.chat.id) == (
        said.message_id,
        ann.id,
    )


async def test_edited_caption_reaches_the_bot_only_if_it_asks_for_edits(bot, ann, picture):
    sent = await ann.send_photo(picture(), "make it snow")
    await ann.edit(sent, "make it rain")
    _, edited = await bot.get_updates()
    assert (edited.edited_message.caption, edited.edited_message.message_id) == ("make it rain", sent)
    assert edited.edited_message.edit_date
    await bot.get_updates(offset=edited.update_id + 1, allowed_updates=["message"])
    await ann.edit(sent, "make it hail")
    assert await bot.get_updates() == []


async def test_album_of_a_photo_and_a_video_arrives_as_both(bot, ann, picture):
    await ann.send(album=[picture(), Item(b"a video", kind="video", name="holiday.mp4")], caption="together")
    photo, video = await received(bot)
    assert photo.media_group_id == video.media_group_id
    assert (photo.content_type, video.content_type) == ("photo", "video")
    assert (photo.caption, video.caption) == ("together", None)
    assert (await bot.download(video.video)).read() == b"a video"


@pytest.mark.parametrize("kind", ["document", "audio"])
async def test_album_of_files_or_of_music_arrives_as_such(bot, ann, kind):
    await ann.send(album=[Item(b"1", kind=kind), Item(b"2", kind=kind)])
    first, second = await received(bot)
    assert (first.content_type, second.content_type) == (kind, kind)
    assert first.media_group_id == second.media_group_id


@pytest.mark.parametrize("kinds", [("photo", "document"), ("video", "audio"), ("sticker", "sticker")])
async def test_album_of_what_does_not_go_together_is_refused(ann, picture, kinds):
    with pytest.raises(RefusedError, match="an album has"):
        await ann.send(album=[Item(picture(), kind=kind) for kind in kinds])


async def test_flood_arrives_in_order(bot, ann):
    ids = await ann.flood(120, "text {number}", forwarded=True)
    first = await received(bot)
    assert [message.message_id for message in first] == list(ids[:100])
    assert [message.text for message in first[:2]] == ["text 1", "text 2"]
    assert first[0].forward_origin is not None
    assert len((await ann.snapshot()).messages) == 121
