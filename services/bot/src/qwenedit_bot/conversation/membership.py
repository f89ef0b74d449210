"""Reacts to changes of a chat: the bot may write in it again, or the group became a supergroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
)

if TYPE_CHECKING:
    from aiogram.types import ChatMemberUpdated, Message
    from aiogram.types.chat_member_union import ChatMemberUnion

    from qwenedit_bot.conversation.context import Services


async def changed(change: ChatMemberUpdated, services: Services) -> None:
    """Tell that the bot may do something here again that it could not do before: answers may wait for it."""
    if _rights(change.new_chat_member) - _rights(change.old_chat_member):
        await services.undelivered.returned(change.chat.id)


async def migrated_to(message: Message, services: Services) -> None:
    """Tell under which id the chat goes on: the last message of the old group says so."""
    if message.migrate_to_chat_id is not None:
        await _migrated(message.chat.id, message.migrate_to_chat_id, services)


async def migrated_from(message: Message, services: Services) -> None:
    """Tell the same, from the first message of the supergroup: the bot may get either first, or one alone."""
    if message.migrate_from_chat_id is not None:
        await _migrated(message.migrate_from_chat_id, message.chat.id, services)


async def _migrated(old: int, new: int, services: Services) -> None:
    await services.migrations.migrated(old, new)
    await services.undelivered.migrated(old, new)


def _rights(member: ChatMemberUnion) -> frozenset[str]:
    """Return what the bot may send in a chat."""
    if isinstance(member, ChatMemberOwner | ChatMemberAdministrator | ChatMemberMember):
        return frozenset(("texts", "photos", "documents"))
    if isinstance(member, ChatMemberRestricted) and member.is_member:
        rights = {
            "texts": member.can_send_messages,
            "photos": member.can_send_photos,
            "documents": member.can_send_documents,
        }
        return frozenset(right for right, given in rights.items() if given)
    return frozenset()


def make_router() -> Router:
    """Make the router of changes of chats, which concern nobody in particular."""
    router = Router(name="membership")
    router.my_chat_member.register(changed)
    router.message.register(migrated_to, F.migrate_to_chat_id)
    router.message.register(migrated_from, F.migrate_from_chat_id)
    return router
