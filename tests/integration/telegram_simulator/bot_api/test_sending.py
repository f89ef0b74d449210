"""What a bot may send, and what its reader sees."""

from __future__ import annotations

import io

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    MenuButtonCommands,
    MenuButtonDefault,
    ReplyParameters,
)
from PIL import Image


def file(data: bytes, name: str = "picture.png") -> BufferedInputFile:
    return BufferedInputFile(data, name)


async def test_html_becomes_entities_in_utf_16_units(bot, ann):
    sent = await bot.send_message(
        ann.id,
        "👋 <b>bold <i>and</i></b> &lt;3 <a href='https://example.org/?a=1&amp;b=2'>there</a> /help",
        parse_mode="HTML",
    )
    assert sent.text == "👋 bold and <3 there /help"
    found = {(entity.type, entity.extract_from(sent.text), entity.url) for entity in sent.entities}
    assert found == {
        ("bold", "bold and", None),
        ("italic", "and", None),
        ("text_link", "there", "https://example.org/?a=1&b=2"),
        ("bot_command", "/help", None),
    }
    assert sent.html_text.startswith("👋 <b>bold <i>and</i></b> &lt;3")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<b>never closed", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>crossed</i>", "Unmatched end tag at byte offset 10"),
        ("<h1>big</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("1 < 2", "byte offset 2"),
    ],
)
async def test_broken_html_is_refused(bot, ann, text, complaint):
    with pytest.raises(TelegramBadRequest, match="can't parse entities") as caught:
        await bot.send_message(ann.id, text, parse_mode="HTML")
    assert complaint in caught.value.message


async def test_lengths_are_counted_in_characters_after_parsing(bot, ann, picture):
    await bot.send_message(ann.id, "<b>" + "😀" * 4096 + "</b>", parse_mode="HTML")
    with pytest.raises(TelegramBadRequest, match="message is too long"):
        await bot.send_message(ann.id, "x" * 4097)
    with pytest.raises(TelegramBadRequest, match="message text is empty"):
        await bot.send_message(ann.id, " \n ")
    await bot.send_photo(ann.id, file(picture()), caption="x" * 1024)
    with pytest.raises(TelegramBadRequest, match="message caption is too long"):
        await bot.send_photo(ann.id, file(picture()), caption="x" * 1025)


async def test_photo_is_encoded_anew_in_sizes_without_metadata(bot, ann, telegram, picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    sent = await bot.send_photo(ann.id, file(picture(2000, 1000, exif=exif, comment=b"mine")), caption="upright")
    assert [(size.width, size.height) for size in sent.photo] == [(45, 90), (160, 320), (400, 800), (640, 1280)]
    assert sent.caption == "upright"
    seen = (await ann.picture()).now
    assert seen.photo.sizes[-1] == (640, 1280)
    with Image.open(io.BytesIO(await telegram.download(seen.photo))) as shown:
        assert (shown.format, shown.size) == ("JPEG", (640, 1280))
        assert not shown.getexif()
        assert "comment" not in shown.info
    assert len({size.file_id for size in sent.photo}) == 4
    fetched = await bot.download(sent.photo[-1].file_id)
    assert len(fetched.read()) == sent.photo[-1].file_size


async def test_small_photo_is_not_enlarged_and_transparency_becomes_white(bot, ann, telegram):
    data = io.BytesIO()
    Image.new("RGBA", (200, 100), (0, 0, 0, 0)).save(data, "PNG")
    sent = await bot.send_photo(ann.id, file(data.getvalue()))
    assert [(size.width, size.height) for size in sent.photo] == [(90, 45), (200, 100)]
    with Image.open(io.BytesIO(await telegram.download((await ann.picture()).now.photo))) as shown:
        assert shown.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (lambda picture: picture(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (lambda picture: picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (lambda _picture: b"no picture", "IMAGE_PROCESS_FAILED"),
        (lambda picture: picture(500, 500)[:700], "IMAGE_PROCESS_FAILED"),
        (lambda _picture: bytes((10 << 20) + 1), "is too big for a photo"),
        (lambda _picture: b"", "file must be non-empty"),
    ],
    ids=["sides", "ratio", "text", "half", "10 MB", "empty"],
)
async def test_photo_beyond_telegrams_limits_is_refused(bot, ann, picture, data, complaint):
    with pytest.raises(TelegramBadRequest, match=complaint):
        await bot.send_photo(ann.id, file(data(picture)))
    assert (await ann.snapshot()).from_bot == ()


async def test_document_keeps_every_byte(bot, ann, telegram, picture):
    data = picture(300, 200, "PNG")
    sent = await bot.send_document(ann.id, file(data, "мой снимок.png"), caption="in full")
    assert (sent.document.file_name, sent.document.mime_type) == ("мой снимок.png", "image/png")
    assert (sent.document.thumbnail.width, sent.document.thumbnail.height) == (300, 200)
    assert await telegram.download((await ann.picture()).now.document) == data
    assert (await bot.download(sent.document)).read() == data


async def test_file_is_sent_again_by_its_id_but_only_as_what_it_is(bot, ann, picture):
    first = await bot.send_photo(ann.id, file(picture()))
    again = await bot.send_photo(ann.id, first.photo[0].file_id)
    assert again.photo[-1].file_unique_id == first.photo[-1].file_unique_id
    with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
        await bot.send_document(ann.id, first.photo[-1].file_id)
    with pytest.raises(TelegramBadRequest, match="failed to get HTTP URL content"):
        await bot.send_photo(ann.id, "https://example.org/a.jpg")


async def test_album_is_several_messages_with_one_id(bot, ann, picture):
    media = [InputMediaPhoto(media=file(picture()), caption="two"), InputMediaPhoto(media=file(picture()))]
    first, second = await bot.send_media_group(ann.id, media)
    assert first.media_group_id == second.media_group_id is not None
    assert [message.text for message in (await ann.snapshot()).pictures] == ["two", ""]
    with pytest.raises(TelegramBadRequest, match="2 to 10"):
        await bot.send_media_group(ann.id, media[:1])
    mixed = [InputMediaPhoto(media=file(picture())), InputMediaDocument(media=file(picture()))]
    with pytest.raises(TelegramBadRequest, match="can't be mixed"):
        await bot.send_media_group(ann.id, mixed)
    with pytest.raises(TelegramBadRequest, match="can't parse InputMedia: media not found"):
        await bot.send_media_group(ann.id, [InputMediaPhoto(media="attach://nothing")] * 2)


@pytest.mark.parametrize(
    ("button", "complaint"),
    [
        (InlineKeyboardButton(text="long", callback_data="ж" * 33), "BUTTON_DATA_INVALID"),
        (InlineKeyboardButton(text="dead"), "Text buttons are unallowed in the inline keyboard"),
        (InlineKeyboardButton(text="link", url="nowhere"), "is invalid: Wrong HTTP URL"),
    ],
)
async def test_impossible_button_is_refused(bot, ann, button, complaint):
    with pytest.raises(TelegramBadRequest, match=complaint):
        await bot.send_message(ann.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
    longest = InlineKeyboardButton(text="fits", callback_data="ж" * 32)
    await bot.send_message(ann.id, "x", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[longest]]))


async def test_reply_to_what_is_gone_is_refused_unless_that_is_allowed(bot, ann):
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(ann.id, "x", reply_parameters=ReplyParameters(message_id=1))
    lenient = ReplyParameters(message_id=1, allow_sending_without_reply=True)
    assert (await bot.send_message(ann.id, "x", reply_parameters=lenient)).reply_to_message is None


async def test_bot_cannot_write_to_people_who_never_wrote_or_who_blocked_it(bot, telegram, ann):
    silent = await telegram.user()
    await silent.snapshot()
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(silent.id, "hello")
    await ann.block()
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(ann.id, "hello")
    await ann.unblock()
    await bot.send_message(ann.id, "hello")
    changes = [update.my_chat_member.new_chat_member.status for update in await bot.get_updates()]
    assert changes == ["kicked", "member"]


async def test_person_sees_what_the_bot_is_doing(bot, ann):
    await bot.send_chat_action(ann.id, "upload_photo")
    assert (await ann.snapshot()).actions == ("upload_photo",)


async def test_messages_can_be_copied_forwarded_and_reacted_to(bot, ann, picture):
    (sent,) = await ann.send(photo=picture(), caption="mine")
    copied = await bot.copy_message(ann.id, ann.id, sent)
    forwarded = await bot.forward_message(ann.id, ann.id, sent)
    assert forwarded.forward_origin.sender_user.id == ann.id
    assert forwarded.caption == "mine"
    await bot.set_message_reaction(ann.id, sent, [{"type": "emoji", "emoji": "👍"}])
    chat = await ann.snapshot()
    assert [(message.id, message.text) for message in chat.pictures] == [
        (copied.message_id, "mine"), (forwarded.message_id, "mine")
    ]  # fmt: skip
    assert next(message for message in chat.messages if message.id == sent).reactions == ("👍",)


async def test_commands_are_kept_by_scope_and_language(bot):
    await bot.set_my_commands([{"command": "start", "description": "Begin"}])
    await bot.set_my_commands([{"command": "start", "description": "Начать"}], language_code="ru")
    assert [command.description for command in await bot.get_my_commands()] == ["Begin"]
    assert [command.description for command in await bot.get_my_commands(language_code="ru")] == ["Начать"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == []
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([{"command": "no blanks", "description": "x"}])


async def test_menu_button_is_kept_for_one_chat_and_for_all_others(bot, ann):
    assert (await bot.get_chat_menu_button(ann.id)).type == "default"
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert (await bot.get_chat_menu_button(ann.id)).type == "commands"
    await bot.set_chat_menu_button(ann.id, MenuButtonDefault())
    assert [(await bot.get_chat_menu_button(chat)).type for chat in (ann.id, None)] == ["default", "commands"]


async def test_chats_and_members_are_told_of(bot, telegram, ann):
    stranger = await telegram.user()
    chat = await bot.get_chat(ann.id)
    assert (chat.type, chat.first_name) == ("private", "Ann")
    assert (await bot.get_chat_member(ann.id, ann.id)).status == "member"
    assert (await bot.get_chat_member(ann.id, stranger.id)).status == "left"
    me = await bot.get_me()
    assert me.is_bot
    assert me.username.endswith("bot")
