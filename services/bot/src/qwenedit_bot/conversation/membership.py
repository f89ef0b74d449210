"""Introduces the bot in a group that it was added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
)

from qwenedit_bot.chat.view import Source, View
from qwenedit_bot.conversation import groups
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import ChatMemberUpdated
    from aiogram.types.chat_member_union import ChatMemberUnion

    from qwenedit_bot.conversation.turn import Services


async def changed(change: ChatMemberUpdated, services: Services, bot: Bot) -> None:
    """Say in a group that the bot has just come into how it works there. No other change is worth a word."""
    if _came_in(change) and _may_write(change.new_chat_member):
        await _introduce(change, services, bot)


async def _introduce(change: ChatMemberUpdated, services: Services, bot: Bot) -> None:
    """Say how the bot works in groups, to those who may use it."""
    user = change.from_user
    if await services.access_list.refusal(user.id) is not None:
        return
    if not await groups.introduces(change.chat.id, "added", services):
        return
    words = await services.languages.words_of(user.id, user.language_code)
    me = await bot.me()
    view = View(words(Text.GROUP_HELP, bot=me.username or ""))
    await services.replies.say(Source(change.chat.id, 0, "introduced"), view)


def _came_in(change: ChatMemberUpdated) -> bool:
    in_group = change.chat.type in {"group", "supergroup"}
    return in_group and _is_in(change.new_chat_member) and not _is_in(change.old_chat_member)


def _is_in(member: ChatMemberUnion) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return isinstance(member, ChatMemberOwner | ChatMemberAdministrator | ChatMemberMember)


def _may_write(member: ChatMemberUnion) -> bool:
    return not isinstance(member, ChatMemberRestricted) or member.can_send_messages
