"""What becomes of groups: they turn into supergroups, and let the bot in, out, or do less."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from telegram_simulator.bot_api.render import chat_json, member_json, message_json, user_json
from telegram_simulator.common.errors import ControlError
from telegram_simulator.messages.model import ChatKind, Message, Standing
from telegram_simulator.people.senders import ANONYMOUS
from telegram_simulator.world.group_rights import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram_simulator.messages.model import User
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.world import World


class Groups:
    """Changes groups, and tells the bots.

    Args:
        world: Where they are.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def migrate(self, bot: Bot, old: Conversation) -> Conversation:
        """Turn a basic group into a supergroup with the same people, and another id; nothing leads back.

        Raises:
            ControlError: It is no basic group, or was turned into a supergroup before.
        """
        if old.chat.kind is not ChatKind.GROUP:
            raise ControlError("only a basic group becomes a supergroup")
        if old.migrated_to is not None:
            raise ControlError(f"the group has become {old.migrated_to}")
        new = bot.found_group(old.chat.title or "", old.members, kind=ChatKind.SUPERGROUP)
        new.standing, new.forbidden = old.standing, old.forbidden
        old.migrated_to = new.chat.id
        self.announce(bot, old, {"migrate_to_chat_id": new.chat.id}, sender=self._somebody(old))
        self.announce(bot, new, {"migrate_from_chat_id": old.chat.id}, sender=ANONYMOUS, as_group=True)
        return new

    def stand(self, bot: Bot, group: Conversation, standing: Standing) -> None:
        """Let the bot in or out of a group, or make it an administrator.

        Raises:
            ControlError: It is no group, or has become a supergroup.
        """
        self._change(bot, group, standing, group.forbidden if standing is Standing.RESTRICTED else frozenset())

    def forbid(self, bot: Bot, group: Conversation, permissions: Iterable[str]) -> None:
        """Forbid the bot what the permissions name; with none, forbid nothing.

        Raises:
            ControlError: There is no such permission, or no such group, or the bot is not in it.
        """
        forbidden = frozenset(permissions)
        if not group.bot_present:
            raise ControlError("the bot is not in the group")
        if unknown := forbidden - set(PERMISSIONS):
            raise ControlError(f"no such permission: {', '.join(sorted(unknown))}")
        self._change(bot, group, Standing.RESTRICTED if forbidden else Standing.MEMBER, forbidden)

    def announce(
        self, bot: Bot, group: Conversation, service: dict[str, Any], *, sender: User, as_group: bool = False
    ) -> Message:
        """Put a service message into a group; a bot in it reads it even with privacy on."""
        message = group.add(
            Message(
                id=group.next_id(),
                chat_id=group.chat.id,
                sender=sender,
                sender_chat=group.chat if as_group else None,
                date=int(time.time()),
                service=service,
            )
        )
        if group.bot_present:
            bot.updates.add("message", message_json(self._world, group, message))
        return message

    def _change(self, bot: Bot, group: Conversation, standing: Standing, forbidden: frozenset[str]) -> None:
        if not group.is_group or group.migrated_to is not None:
            raise ControlError("a bot's rights are those in a group that is one still")
        if standing is Standing.RESTRICTED and group.chat.kind is ChatKind.GROUP:
            # A basic group restricts all members alike, which changes no member's status.
            standing = Standing.MEMBER
        was, was_present = member_json(bot.me, group.standing, forbidden=group.forbidden), group.bot_present
        somebody = self._somebody(group)
        if was_present and standing in (Standing.LEFT, Standing.KICKED):
            self.announce(bot, group, {"left_chat_member": user_json(bot.me)}, sender=somebody)
        group.standing, group.forbidden = standing, forbidden
        now = member_json(bot.me, standing, forbidden=forbidden)
        if now != was:
            bot.updates.add(
                "my_chat_member",
                {
                    "chat": chat_json(self._world, group),
                    "from": user_json(somebody),
                    "date": int(time.time()),
                    "old_chat_member": was,
                    "new_chat_member": now,
                },
            )
        if group.bot_present and not was_present:
            self.announce(bot, group, {"new_chat_members": [user_json(bot.me)]}, sender=somebody)
        group.pulse.beat()

    def _somebody(self, group: Conversation) -> User:
        """Return who does it: the first member of the group, if it has any."""
        return self._world.users[min(group.members)] if group.members else ANONYMOUS
