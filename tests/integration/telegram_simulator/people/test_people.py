"""What people do, and what the bot learns of it."""

from __future__ import annotations

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from telegram_simulator.client import NeverHappenedError, RefusedError
from telegram_simulator.messages.contents import ContentKind


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text=label, callback_data=f"data of {label}") for label in labels]
    return InlineKeyboardMarkup(inline_keyboard=[row])


async def received(bot):
    return [update.message for update in await bot.get_updates()]


async def test_message_says_who_sent_it_in_which_language(bot, telegram):
    boris = await telegram.user(language="ru", first_name="Борис", username="boris")
    (sent,) = await boris.send("/start")
    (message,) = await received(bot)
    assert (message.message_id, message.text) == (sent, "/start")
    assert (message.from_user.first_name, message.from_user.language_code) == ("Борис", "ru")
    assert (message.chat.type, message.chat.id) == ("private", boris.id)
    assert message.entities[0].type == "bot_command"
    await boris.speak("en")
    await boris.send("now in English")
    assert (await received(bot))[1].from_user.language_code == "en"


async def test_photos_arrive_encoded_anew_and_files_as_they_are(bot, ann, picture, tmp_path):
    path = tmp_path / "holiday.png"
    path.write_bytes(picture(1500, 900, "PNG"))
    await ann.send(photo=path, caption="photo")
    await ann.send(photo=path, caption="file", as_file=True)
    photo, file = await received(bot)
    assert (photo.caption, photo.photo[-1].width) == ("photo", 1280)
    assert (file.caption, file.document.file_name, file.document.mime_type) == ("file", "holiday.png", "image/png")
    assert (await bot.download(file.document)).read() == path.read_bytes()


async def test_album_arrives_as_separate_messages_with_one_id_and_one_caption(bot, ann, picture):
    ids = await ann.send(album=[picture()] * 3, caption="together")
    messages = await received(bot)
    assert tuple(message.message_id for message in messages) == ids
    assert len({message.media_group_id for message in messages}) == 1
    assert [message.caption for message in messages] == ["together", None, None]
    with pytest.raises(RefusedError, match="at most 10"):
        await ann.send(album=[picture()] * 11)


@pytest.mark.parametrize("kind", ["sticker", "voice", "animation", "video", "audio", "video_note"])
async def test_stickers_voices_and_other_kinds_arrive_as_what_they_are(bot, ann, kind):
    await ann.send(document=b"some bytes", kind=kind)
    (message,) = await received(bot)
    assert message.content_type == kind
    assert getattr(message, kind).file_size == 10


@pytest.mark.parametrize("kind", ContentKind)
async def test_contents_without_a_file_arrive_in_a_form_that_aiogram_reads(bot, ann, kind):
    sent = await ann.share(kind)
    (message,) = await received(bot)
    assert message.message_id == sent
    assert message.content_type == ("unknown" if kind is ContentKind.UNKNOWN else kind)


async def test_sticker_is_still_animated_or_a_video_by_its_type(bot, ann):
    for mime in ("image/webp", "application/x-tgsticker", "video/webm"):
        await ann.send(document=b"some bytes", kind="sticker", mime=mime)
    seen = [(message.sticker.is_animated, message.sticker.is_video) for message in await received(bot)]
    assert seen == [(False, False), (True, False), (False, True)]


async def test_forwarded_message_says_whose_it_is(bot, ann, picture):
    await ann.send(photo=picture(), caption="Buy this!", forwarded=True)
    (message,) = await received(bot)
    assert message.forward_origin.sender_user.id != ann.id


async def test_message_that_telegrams_clients_do_not_send_is_refused(ann):
    for wish in ({"text": ""}, {"text": "x" * 5000}, {"photo": b""}, {"text": "x", "reply_to": 1}):
        with pytest.raises(RefusedError):
            await ann.send(**wish)
    assert len((await ann.snapshot()).messages) == 1


async def test_photo_too_large_for_bots_is_made_smaller_by_the_persons_client(bot, ann, picture):
    await ann.send(photo=picture(9000, 4000, "BMP"))
    (message,) = await received(bot)
    assert (message.photo[-1].width, message.photo[-1].height) == (1280, 569)


async def test_document_that_cannot_be_a_photo_is_sent_as_a_document(bot, ann, picture):
    await ann.send(photo=b"\0\0\0\x18ftypheic", name="holiday.heic")
    await ann.send(photo=picture(kind="GIF"), name="dance.gif")
    await ann.send(photo=picture(2100, 100))
    heic, gif, strip = await received(bot)
    assert (heic.document.file_name, heic.document.mime_type) == ("holiday.heic", "image/heic")
    assert gif.animation.file_name == "dance.gif"
    assert strip.document.thumbnail.width == 320


async def test_files_above_20_mb_are_announced_but_cannot_be_fetched(bot, ann):
    await ann.send(document=bytes(25 << 20), name="scan.png")
    (message,) = await received(bot)
    assert message.document.file_size == 25 << 20
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(message.document.file_id)


async def test_file_of_another_bot_is_unknown(bot):
    with pytest.raises(TelegramBadRequest, match="wrong file_id or the file is temporarily unavailable"):
        await bot.get_file("made-up")


async def test_newest_button_with_a_label_is_pressed_and_its_presser_sees_the_answer(bot, ann):
    await bot.send_message(ann.id, "older", reply_markup=keyboard("✖️ Cancel"))
    newer = await bot.send_message(ann.id, "newer", reply_markup=keyboard("Again", "✖️ Cancel"))
    await ann.press("Cancel")
    (update,) = await bot.get_updates()
    press = update.callback_query
    assert (press.data, press.message.message_id, press.from_user.id) == ("data of ✖️ Cancel", newer.message_id, ann.id)
    assert press.message.reply_markup == newer.reply_markup
    await bot.answer_callback_query(press.id, "Done", show_alert=True)
    assert (await ann.wait_for(lambda chat: chat.answers)).answers == (("Done", True),)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(press.id)
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(press.id, "x" * 201)


async def test_missing_button_is_reported_with_the_buttons_that_are_there(bot, ann):
    await bot.send_message(ann.id, "no button here")
    with pytest.raises(NeverHappenedError, match="no button here"):
        await ann.press("Cancel", timeout=0.3)


async def test_button_that_was_just_taken_away_can_still_be_pressed(bot, ann):
    sent = await bot.send_message(ann.id, "x", reply_markup=keyboard("Cancel"))
    await sent.edit_text("finished")
    await ann.press_data(sent.message_id, "data of Cancel")
    assert (await bot.get_updates())[0].callback_query.data == "data of Cancel"


async def test_edit_of_a_person_reaches_the_bot(bot, ann):
    (sent,) = await ann.send("make it snow")
    await ann.edit(sent, "make it rain")
    first, second = await bot.get_updates()
    assert first.message.text == "make it snow"
    assert (second.edited_message.message_id, second.edited_message.text) == (sent, "make it rain")


async def test_bot_reads_in_a_group_only_what_is_meant_for_it(bot, telegram, ann):
    bob = await telegram.user(first_name="Bob")
    group = await telegram.group("Friends", ann, bob)
    ann, bob = ann.within(group), bob.within(group)
    name = (await bot.get_me()).username
    await ann.send("lovely weather")
    await ann.send("/help@some_other_bot")
    await ann.send("/help")
    await bob.send(f"what do you think, @{name}?")
    said = await bot.send_message(group.id, "I do not know")
    await bob.send("a pity", reply_to=said.message_id)
    messages = await received(bot)
    assert [message.text for message in messages] == ["/help", f"what do you think, @{name}?", "a pity"]
    assert messages[0].chat.type == "supergroup"
    assert messages[0].chat.title == "Friends"
    assert [message.text for message in (await bob.snapshot()).from_bot] == ["I do not know"]
    await telegram.set_privacy(reads_all=True)
    await ann.send("lovely weather")
    assert (await received(bot))[-1].text == "lovely weather"


async def test_bot_that_left_a_group_neither_reads_nor_writes_there(bot, telegram, ann):
    group = await telegram.group("Friends", ann)
    await bot.leave_chat(group.id)
    await ann.within(group).send("/help")
    assert await bot.get_updates() == []
    with pytest.raises(TelegramForbiddenError, match="bot is not a member of the supergroup chat"):
        await bot.send_message(group.id, "hello")
