"""Methods that send new messages, and chat actions such as "typing"; and the one that fetches files."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from aiogram.methods import GetFile, SendChatAction, SendDocument, SendMessage, SendPhoto

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.targets import conversation_of, reply_target
from telegram_simulator.bot_api.render import Json, file_json, message_json
from telegram_simulator.common.errors import ApiError
from telegram_simulator.files import media
from telegram_simulator.messages.model import MediaKind
from telegram_simulator.messages.text import caption, message_text
from telegram_simulator.world.group_rights import check_right

if TYPE_CHECKING:
    from telegram_simulator.messages.model import Media
    from telegram_simulator.world.chats import Conversation

MAX_DOWNLOAD = 20 << 20
"""Bytes of a file that a bot may fetch (https://core.telegram.org/bots/api#getfile)."""


@answers(SendMessage)
async def send_message(call: Call[SendMessage]) -> Json:
    """Send a text."""
    words = message_text(call.method.text)
    conversation = conversation_of(call, call.method.chat_id)
    reply_to = reply_target(call, conversation)
    check_right(conversation, None)
    charge(call, conversation)
    return post(call, conversation, text=words, reply_to=reply_to)


@answers(SendPhoto)
async def send_photo(call: Call[SendPhoto]) -> Json:
    """Send a photo."""
    return await _send_file(call, MediaKind.PHOTO, call.method.photo)


@answers(SendDocument)
async def send_document(call: Call[SendDocument]) -> Json:
    """Send a file as it is."""
    return await _send_file(call, MediaKind.DOCUMENT, call.method.document)


@answers(SendChatAction)
async def send_chat_action(call: Call[SendChatAction]) -> bool:
    """Show what the bot is doing."""
    conversation_of(call, call.method.chat_id).act(call.method.action)
    return True


@answers(GetFile)
async def get_file(call: Call[GetFile]) -> Json:
    """Tell where a file can be fetched."""
    file = call.bot.files.find(call.method.file_id)
    if file is None:
        raise ApiError("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD:
        raise ApiError("file is too big")
    return {**file_json(file), "file_path": file.path}


def charge(call: Call[Any], conversation: Conversation, *, edit: bool = False) -> None:
    """Count what is about to be sent.

    Raises:
        TooManyRequestsError: It is too much.
    """
    chat_id = conversation.chat.id
    call.world.limits.charge(bot_id=call.bot.me.id, chat_id=chat_id, group=conversation.is_group, edit=edit)


def new_album_id() -> str:
    """Return an id that the messages of one album share."""
    return str(10**16 + secrets.randbelow(9 * 10**16))


def post(call: Call[Any], conversation: Conversation, **content: Any) -> Json:
    """Put a message of the bot into a chat, with the buttons that the call brings unless the content has others."""
    message = conversation.post(call.bot.me, outgoing=True, **{"keyboard": call.buttons} | content)
    return message_json(call.world, conversation, message)


async def media_of(call: Call[Any], kind: MediaKind, reference: object) -> Media:
    """Return a file of the call to which `attach://NAME` refers.

    Raises:
        ApiError: Nothing of that name is attached, or it cannot be sent as that.
    """
    upload = call.uploads.get(str(reference).removeprefix("attach://"))
    if upload is None:
        raise ApiError("the simulator sends what is attached, and nothing by its address or id", code=501)
    if kind is MediaKind.PHOTO:
        return await media.photo(call.bot.files, upload.data)
    return media.other(call.bot.files, kind, upload.data, name=upload.name, mime=upload.mime)


async def _send_file(call: Call[Any], kind: MediaKind, reference: object) -> Json:
    words = caption(call.method.caption)
    reply_to = reply_target(call, conversation_of(call, call.method.chat_id))
    picture = await media_of(call, kind, reference)
    conversation = conversation_of(call, call.method.chat_id)  # which may have changed while the picture was worked on
    check_right(conversation, kind)
    charge(call, conversation)
    return post(call, conversation, text=words, media=picture, reply_to=reply_to)
