"""The bot comes into a group."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiogram.types import ChatMemberUpdated

from qwenedit_bot.conversation import groups
from qwenedit_bot.conversation.turn import Turn
from qwenedit_bot.texts import Words

if TYPE_CHECKING:
    from qwenedit_bot.chat.view import Source, View

BOT = {"id": 42, "is_bot": True, "first_name": "Bot"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends"}
MEMBER = {"status": "member", "user": BOT}
LEFT = {"status": "left", "user": BOT}
BLOCKED = {"status": "kicked", "user": BOT, "until_date": 0}
ADMIN = {
    "status": "administrator",
    "user": BOT,
    "can_be_edited": False,
    "is_anonymous": False,
    "can_manage_chat": True,
    "can_delete_messages": False,
    "can_manage_video_chats": False,
    "can_restrict_members": False,
    "can_promote_members": False,
    "can_change_info": False,
    "can_invite_users": False,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
    "can_send_welcome_messages": False,
}


def restricted(*, texts: bool = True, photos: bool = True, member: bool = True) -> dict[str, Any]:
    rights = dict.fromkeys(
        tuple(
            """
            can_send_audios can_send_videos can_send_video_notes can_send_voice_notes can_send_polls
            can_send_other_messages can_add_web_page_previews can_change_info can_invite_users
            can_pin_messages can_manage_topics can_edit_tag can_react_to_messages
        """.split()
        ),
        False,
    )
    return {
        **rights,
        "status": "restricted",
        "user": BOT,
        "is_member": member,
        "until_date": 0,
        "can_send_messages": texts,
        "can_send_photos": photos,
        "can_send_documents": photos,
    }


class Replies:
    """Keeps what is said, and what was first in a chat."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self._first: dict[int, str] = {}

    async def is_first(self, chat_id: int, _occasion: str, name: str, *, seconds: int) -> bool:  # noqa: ARG002
        return self._first.setdefault(chat_id, name) == name

    async def say(self, to: Source, view: View, *, edited_at: int | None) -> int:  # noqa: ARG002
        self.said.append((to.chat_id, view.text))
        return 1


def change_of(old: dict[str, Any], new: dict[str, Any], *, chat: dict[str, Any] = GROUP) -> ChatMemberUpdated:
    who = {"id": 7, "is_bot": False, "first_name": "Ann", "language_code": "ru"}
    change = {"chat": chat, "from": who, "date": 1, "old_chat_member": old, "new_chat_member": new}
    return ChatMemberUpdated.model_validate(change)


CHANNEL = {"id": -100, "type": "channel", "title": "News"}


@pytest.mark.parametrize(
    ("change", "introduced"),
    [
        (change_of(LEFT, MEMBER), True),
        (change_of(LEFT, ADMIN), True),
        (change_of(BLOCKED, restricted(photos=False)), True),
        (change_of(restricted(member=False), MEMBER), True),
        (change_of(MEMBER, ADMIN), False),
        (change_of(ADMIN, MEMBER), False),
        (change_of(restricted(), MEMBER), False),
        (change_of(restricted(texts=False), MEMBER), False),
        (change_of(MEMBER, BLOCKED), False),
        (change_of(LEFT, ADMIN, chat=CHANNEL), False),
        (change_of(BLOCKED, MEMBER, chat={"id": 7, "type": "private", "first_name": "Ann"}), False),
    ],
)
async def test_group_is_told_how_the_bot_works_when_it_is_added(change: ChatMemberUpdated, *, introduced: bool) -> None:
    replies = Replies()
    services: Any = SimpleNamespace(replies=replies, bot_name="qwenedit_bot")
    await groups.changed(Turn(change, Words("ru"), services, change.chat.id, 7, 1))
    assert [chat for chat, text in replies.said if "@qwenedit_bot" in text] == ([-100] if introduced else [])
