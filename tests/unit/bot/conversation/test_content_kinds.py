"""Every kind of content that Telegram has is handled, answered in words, or left on purpose."""

from __future__ import annotations

from aiogram.enums import ContentType

from qwenedit_bot.conversation.reading import KINDS

HANDLED = {"text", "photo", "document", "successful_payment", "refunded_payment"}
LEFT = set(
    """
    new_chat_members left_chat_member chat_owner_left chat_owner_changed new_chat_title new_chat_photo
    delete_chat_photo group_chat_created supergroup_chat_created channel_chat_created
    message_auto_delete_timer_changed pinned_message users_shared user_shared chat_shared gift_upgrade_sent
    connected_website write_access_allowed passport_data proximity_alert_triggered boost_added
    chat_background_set checklist_tasks_done checklist_tasks_added direct_message_price_changed
    forum_topic_created forum_topic_edited forum_topic_closed forum_topic_reopened general_forum_topic_hidden
    general_forum_topic_unhidden giveaway_created giveaway_completed managed_bot_created
    paid_message_price_changed poll_option_added poll_option_deleted suggested_post_approved
    suggested_post_approval_failed suggested_post_declined suggested_post_paid suggested_post_refunded
    video_chat_scheduled video_chat_started video_chat_ended video_chat_participants_invited web_app_data
    community_chat_added community_chat_removed community_chat_joined migrate_to_chat_id migrate_from_chat_id
""".split()
)
"""Service messages: Telegram itself tells what happened, and nobody waits for an answer."""


def test_content_of_every_kind_is_handled_or_answered_or_left_on_purpose() -> None:
    assert HANDLED | LEFT | set(KINDS) == set(ContentType) - {ContentType.ANY}
    assert not (HANDLED | LEFT) & (set(KINDS) - {ContentType.DOCUMENT})
