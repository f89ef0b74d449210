"""What people can send that has no file, and the service messages that they cause, as the Bot API writes them.

The fields are those of a Message (https://core.telegram.org/bots/api#message).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class ContentKind(StrEnum):
    """A field of a Message; people get some of these only into a chat by forwarding."""

    CONTACT = "contact"
    LOCATION = "location"
    VENUE = "venue"
    POLL = "poll"
    DICE = "dice"
    GAME = "game"
    STORY = "story"
    PAID_MEDIA = "paid_media"
    CHECKLIST = "checklist"
    GIVEAWAY = "giveaway"
    GIFT = "gift"
    PINNED_MESSAGE = "pinned_message"
    NEW_CHAT_MEMBERS = "new_chat_members"
    LEFT_CHAT_MEMBER = "left_chat_member"
    NEW_CHAT_TITLE = "new_chat_title"
    DELETE_CHAT_PHOTO = "delete_chat_photo"
    FORUM_TOPIC_CREATED = "forum_topic_created"
    FORUM_TOPIC_CLOSED = "forum_topic_closed"
    BOOST_ADDED = "boost_added"
    GIVEAWAY_CREATED = "giveaway_created"
    VIDEO_CHAT_STARTED = "video_chat_started"
    MESSAGE_AUTO_DELETE_TIMER_CHANGED = "message_auto_delete_timer_changed"
    CHAT_BACKGROUND_SET = "chat_background_set"
    UNKNOWN = "a_kind_of_tomorrow"
    """What no version of the Bot API has yet."""


_SOMEBODY = {"id": 4242, "is_bot": False, "first_name": "Carol"}
_CHANNEL = {"id": -1_000_000_900_000, "type": "channel", "title": "News"}
_PLACE = {"latitude": 52.52, "longitude": 13.405}
_STICKER = {
    "file_id": "gift",
    "file_unique_id": "gift",
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
}
_PHOTO = {"file_id": "x", "file_unique_id": "x", "width": 90, "height": 90, "file_size": 1000}

_CONTENTS: dict[ContentKind, Any] = {
    ContentKind.CONTACT: {"phone_number": "+490000000", "first_name": "Carol", "user_id": 4242},
    ContentKind.LOCATION: _PLACE,
    ContentKind.VENUE: {"location": _PLACE, "title": "Museum", "address": "Am Lustgarten"},
    ContentKind.POLL: {
        "id": "1",
        "question": "Which one?",
        "options": [
            {"persistent_id": "a", "text": "This", "voter_count": 0},
            {"persistent_id": "b", "text": "That", "voter_count": 0},
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    },
    ContentKind.DICE: {"emoji": "🎲", "value": 6},
    ContentKind.GAME: {"title": "Snake", "description": "Eat and grow", "photo": [_PHOTO]},
    ContentKind.STORY: {"chat": _CHANNEL, "id": 5},
    ContentKind.PAID_MEDIA: {
        "star_count": 5,
        "paid_media": [{"type": "preview", "width": 90, "height": 90, "duration": 0}],
    },
    ContentKind.CHECKLIST: {"title": "To do", "tasks": [{"id": 1, "text": "Take photos"}]},
    ContentKind.GIVEAWAY: {"chats": [_CHANNEL], "winners_selection_date": 0, "winner_count": 1},
    ContentKind.GIFT: {"gift": {"id": "1", "sticker": _STICKER, "star_count": 15}},
    ContentKind.PINNED_MESSAGE: {"message_id": 1, "date": 0, "chat": _CHANNEL},
    ContentKind.NEW_CHAT_MEMBERS: [_SOMEBODY],
    ContentKind.LEFT_CHAT_MEMBER: _SOMEBODY,
    ContentKind.NEW_CHAT_TITLE: "Holidays",
    ContentKind.DELETE_CHAT_PHOTO: True,
    ContentKind.FORUM_TOPIC_CREATED: {"name": "Beach", "icon_color": 7322096},
    ContentKind.FORUM_TOPIC_CLOSED: {},
    ContentKind.BOOST_ADDED: {"boost_count": 1},
    ContentKind.GIVEAWAY_CREATED: {},
    ContentKind.VIDEO_CHAT_STARTED: {},
    ContentKind.MESSAGE_AUTO_DELETE_TIMER_CHANGED: {"message_auto_delete_time": 86_400},
    ContentKind.CHAT_BACKGROUND_SET: {
        "type": {"type": "fill", "fill": {"type": "solid", "color": 255}, "dark_theme_dimming": 0},
    },
    ContentKind.UNKNOWN: {},
}

SERVICE = frozenset(ContentKind) - {
    ContentKind.CONTACT,
    ContentKind.LOCATION,
    ContentKind.VENUE,
    ContentKind.POLL,
    ContentKind.DICE,
    ContentKind.GAME,
    ContentKind.STORY,
    ContentKind.PAID_MEDIA,
    ContentKind.CHECKLIST,
    ContentKind.GIVEAWAY,
    ContentKind.UNKNOWN,
}
"""Service messages: a bot gets them in groups with privacy mode on too."""


def content_of(kind: ContentKind, *, date: int) -> Json:
    """Return what a message of a kind carries.

    Args:
        kind: What it is.
        date: When it is sent, in seconds since the epoch.
    """
    content = _CONTENTS[kind]
    match kind:
        case ContentKind.VENUE:
            return {kind.value: content, "location": _PLACE}  # for bots that know no venues
        case ContentKind.PINNED_MESSAGE | ContentKind.GIVEAWAY:
            dated = {"date": date} if kind is ContentKind.PINNED_MESSAGE else {"winners_selection_date": date}
            return {kind.value: content | dated}
    return {kind.value: content}
