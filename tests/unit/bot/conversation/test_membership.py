"""What Telegram tells of a chat: the bot may write again, or the chat became another one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.types import ChatMemberUpdated, Message

from qwenedit_bot.conversation import membership

BOT = {"id": 42, "is_bot": True, "first_name": "Bot"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends"}
MEMBER = {"status": "member", "user": BOT}
LEFT = {"status": "left", "user": BOT}
BLOCKED = {"status": "kicked", "user": BOT, "until_date": 0}
ADMIN = {
    "status": "administrator", "user": BOT, "can_be_edited": False, "is_anonymous": False, "can_manage_chat": True,
    "can_delete_messages": False, "can_manage_video_chats": False, "can_restrict_members": False,
    "can_promote_members": False, "can_change_info": False, "can_invite_users": False, "can_post_stories": False,
    "can_edit_stories": False, "can_delete_stories": False, "can_send_welcome_messages": False,
}  # fmt: skip


def restricted(*, texts: bool = True, photos: bool = True, member: bool = True) -> dict[str, Any]:
    rights = dict.fromkeys(
        (
            "can_send_audios", "can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls",
            "can_send_other_messages", "can_add_web_page_previews", "can_change_info", "can_invite_users",
            "can_pin_messages", "can_manage_topics", "can_edit_tag", "can_react_to_messages",
        ),
        False,
    )  # fmt: skip
    return {
        **rights, "status": "restricted", "user": BOT, "is_member": member, "until_date": 0,
        "can_send_messages": texts, "can_send_photos": photos, "can_send_documents": photos,
    }  # fmt: skip


class Recorded:
    def __init__(self) -> None:
        self.told: list[tuple[int, ...]] = []

    async def returned(self, chat_id: int) -> None:
        self.told.append((chat_id,))

    async def migrated(self, old: int, new: int) -> None:
        self.told.append((old, new))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (BLOCKED, MEMBER, True),
        (LEFT, MEMBER, True),
        (LEFT, ADMIN, True),
        (LEFT, restricted(texts=False, photos=False), False),
        (restricted(photos=False), restricted(), True),
        (restricted(texts=False), restricted(photos=False), True),
        (restricted(member=False), restricted(), True),
        (restricted(), MEMBER, False),
        (ADMIN, MEMBER, False),
        (MEMBER, BLOCKED, False),
        (MEMBER, LEFT, False),
        (MEMBER, restricted(texts=False), False),
    ],
)
async def test_chat_is_told_as_returned_when_the_bot_gets_a_right_to_send(
    old: dict[str, Any], new: dict[str, Any], *, told: bool
) -> None:
    chats = Recorded()
    change = ChatMemberUpdated.model_validate(
        {"chat": GROUP, "from": {**BOT, "id": 7}, "date": 1, "old_chat_member": old, "new_chat_member": new}
    )
    await membership.changed(change, SimpleNamespace(undelivered=chats))  # type: ignore[arg-type]
    assert chats.told == ([(-100,)] if told else [])


async def test_group_that_became_a_supergroup_is_told_by_the_last_and_by_the_first_message() -> None:
    migrations, undelivered = Recorded(), Recorded()
    services: Any = SimpleNamespace(migrations=migrations, undelivered=undelivered)
    last = {"message_id": 9, "date": 1, "chat": {"id": -5, "type": "group", "title": "x"}, "migrate_to_chat_id": -100}
    first = {"message_id": 1, "date": 1, "chat": GROUP, "migrate_from_chat_id": -5}
    await membership.migrated_to(Message.model_validate(last), services)
    await membership.migrated_from(Message.model_validate(first), services)
    assert migrations.told == undelivered.told == [(-5, -100), (-5, -100)]
