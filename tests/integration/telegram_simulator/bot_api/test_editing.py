"""Changing and removing what was sent."""

from __future__ import annotations

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
)

CANCEL = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Cancel", callback_data="cancel")]])


def file(data: bytes) -> BufferedInputFile:
    return BufferedInputFile(data, "picture.png")


async def test_every_version_of_a_message_is_remembered(bot, ann, picture):
    sent = await bot.send_message(ann.id, "In line: 1", reply_markup=CANCEL)
    await sent.edit_text("Step 2", reply_markup=CANCEL)
    edited = await sent.edit_media(InputMediaPhoto(media=file(picture()), caption="Here"))
    assert edited.edit_date is not None
    assert edited.photo
    assert edited.text is None
    (message,) = (await ann.snapshot()).from_bot
    assert [version.text for version in message.versions] == ["In line: 1", "Step 2", "Here"]
    assert [version.labels for version in message.versions] == [("Cancel",), ("Cancel",), ()]
    assert message.edits == 2
    assert message.now.photo is not None


async def test_edit_without_buttons_takes_them_away(bot, ann):
    sent = await bot.send_message(ann.id, "text", reply_markup=CANCEL)
    edited = await sent.edit_text("another text")
    assert edited.reply_markup is None
    assert (await ann.snapshot()).from_bot[0].now.labels == ()


async def test_edit_that_changes_nothing_is_refused(bot, ann, picture):
    sent = await bot.send_message(ann.id, "text", reply_markup=CANCEL)
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await sent.edit_text("text", reply_markup=CANCEL)
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await sent.edit_text(" text\n", reply_markup=CANCEL)
    photo = await bot.send_photo(ann.id, file(picture()))
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await photo.edit_media(InputMediaPhoto(media=photo.photo[-1].file_id))


async def test_text_and_caption_are_edited_by_their_own_methods(bot, ann, picture):
    text, photo = await bot.send_message(ann.id, "text"), await bot.send_photo(ann.id, file(picture()))
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await text.edit_caption(caption="x")
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await photo.edit_text("x")
    await photo.edit_caption(caption="x")
    await photo.edit_reply_markup(reply_markup=CANCEL)
    now = (await ann.snapshot()).from_bot[1].now
    assert (now.text, now.labels) == ("x", ("Cancel",))


async def test_photo_becomes_a_document_but_not_within_an_album(bot, ann, picture):
    photo = await bot.send_photo(ann.id, file(picture()))
    await photo.edit_media(InputMediaDocument(media=file(picture())))
    assert (await ann.snapshot()).from_bot[0].now.document is not None
    first, _ = await bot.send_media_group(ann.id, [InputMediaPhoto(media=file(picture()))] * 2)
    with pytest.raises(TelegramBadRequest, match="can't use the media of the specified type in the album"):
        await first.edit_media(InputMediaDocument(media=file(picture())))


async def test_only_what_is_there_and_ones_own_can_be_edited(bot, ann):
    (theirs,) = await ann.send("mine")
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("x", chat_id=ann.id, message_id=theirs)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("x", chat_id=ann.id, message_id=1)
    gone = await bot.send_message(ann.id, "text")
    await ann.delete(gone.message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await gone.edit_text("x")
    with pytest.raises(TelegramBadRequest, match="message identifier is not specified"):
        await bot.edit_message_text("x")


async def test_deleted_messages_are_gone_for_both_sides(bot, ann):
    (theirs,) = await ann.send("mine")
    first, second, third = [await bot.send_message(ann.id, text) for text in ("1", "2", "3")]
    assert await first.delete()
    assert await bot.delete_messages(ann.id, [second.message_id, theirs, 1])
    chat = await ann.snapshot()
    assert [message.text for message in chat.from_bot] == ["3"]
    assert [message.deleted for message in chat.messages[1:]] == [True, True, True, False]
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await first.delete()
    assert third.message_id == chat.from_bot[0].id
