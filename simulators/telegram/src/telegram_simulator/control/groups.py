"""What becomes of groups: they turn into supergroups, and let the bot in, out, or do less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_simulator.bot_api.render import member_json, message_json, standing_json, user_json
from telegram_simulator.common.errors import ControlError
from telegram_simulator.control.acts import Asked, act
from telegram_simulator.messages.model import ChatKind, Standing, User

if TYPE_CHECKING:
    from telegram_simulator.world.chats import Conversation

ANONYMOUS = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)
"""Who writes in the name of a group, with tdlib's id (`UserManager.cpp`)."""


@act
async def group(
    asked: Asked, title: str, members: tuple[int, ...], kind: ChatKind = ChatKind.SUPERGROUP, *, bot_admin: bool = False
) -> int:
    """Make a group of people and the bot; returns its id."""
    made = asked.bot.found_group(title, [asked.world.user(user_id).id for user_id in members], kind=kind)
    made.standing = Standing.ADMINISTRATOR if bot_admin else Standing.MEMBER
    return made.chat.id


@act
async def migrate(asked: Asked, chat: int) -> int:
    """Turn a basic group into a supergroup with the same people; returns its other id. Nothing leads back."""
    old = asked.conversation(chat)
    if old.chat.kind is not ChatKind.GROUP or old.migrated_to is not None:
        raise ControlError("only a basic group becomes a supergroup, and only once")
    new = asked.bot.found_group(old.chat.title or "", old.members, kind=ChatKind.SUPERGROUP)
    new.standing, new.forbidden = old.standing, old.forbidden
    old.migrated_to = new.chat.id
    _announce(asked, old, {"migrate_to_chat_id": new.chat.id}, sender=_somebody(asked, old))
    _announce(asked, new, {"migrate_from_chat_id": old.chat.id}, sender=ANONYMOUS, sender_chat=new.chat)
    return new.chat.id


@act
async def stand(asked: Asked, chat: int, standing: Standing, forbidden: frozenset[str] = frozenset()) -> None:
    """Change what the bot is in a group, and what it may not do there; it's told as by Telegram."""
    group, me = asked.conversation(chat), asked.bot.me
    was, was_present = member_json(me, group.standing, forbidden=group.forbidden), group.bot_present
    somebody = _somebody(asked, group)
    if was_present and standing is Standing.KICKED:
        _announce(asked, group, {"left_chat_member": user_json(me)}, sender=somebody)
    group.standing, group.forbidden = standing, forbidden
    now = member_json(me, standing, forbidden=forbidden)
    asked.bot.updates.add("my_chat_member", standing_json(asked.world, group, somebody, was, now))
    if group.bot_present and not was_present:
        _announce(asked, group, {"new_chat_members": [user_json(me)]}, sender=somebody)
    group.pulse.beat()


@act
async def close_topic(asked: Asked, chat: int) -> None:
    """Let only administrators write."""
    asked.conversation(chat).topic_closed = True


def _announce(asked: Asked, group: Conversation, service: dict[str, Any], **sender: Any) -> None:
    """Put a service message into a group; a bot in it reads it even with privacy on."""
    message = group.post(service=service, **sender)
    if group.bot_present:
        asked.bot.updates.add("message", message_json(asked.world, group, message))


def _somebody(asked: Asked, group: Conversation) -> User:
    """Return who does it: the first member of the group, if it has any."""
    return asked.world.users[min(group.members)] if group.members else ANONYMOUS
