"""What people can send that has no file, and the service messages that they cause, as the Bot API writes them.

The names and the fields are those of a Message (https://core.telegram.org/bots/api#message).
"""

from __future__ import annotations

from typing import Any

from telegram_simulator.common.errors import ControlError

Json = dict[str, Any]

_DATE = 1_767_225_600
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

_SENT: Json = {
    "contact": {"phone_number": "+490000000", "first_name": "Carol", "user_id": 4242},
    "location": _PLACE,
    "venue": {"location": _PLACE, "title": "Museum", "address": "Am Lustgarten"},
    "poll": {
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
    "dice": {"emoji": "🎲", "value": 6},
    "game": {"title": "Snake", "description": "Eat and grow", "photo": [_PHOTO]},
    "story": {"chat": _CHANNEL, "id": 5},
    "paid_media": {
        "star_count": 5,
        "paid_media": [{"type": "preview", "width": 90, "height": 90, "duration": 0}],
    },
    "checklist": {"title": "To do", "tasks": [{"id": 1, "text": "Take photos"}]},
    "giveaway": {"chats": [_CHANNEL], "winners_selection_date": _DATE, "winner_count": 1},
    "a_kind_of_tomorrow": {},  # which no version of the Bot API has yet
}
"""People get some of these into a chat only by forwarding."""
_SERVICE: Json = {
    "gift": {"gift": {"id": "1", "sticker": _STICKER, "star_count": 15}},
    "pinned_message": {"message_id": 1, "date": _DATE, "chat": _CHANNEL},
    "new_chat_members": [_SOMEBODY],
    "left_chat_member": _SOMEBODY,
    "new_chat_title": "Holidays",
    "delete_chat_photo": True,
    "forum_topic_created": {"name": "Beach", "icon_color": 7322096},
    "forum_topic_closed": {},
    "boost_added": {"boost_count": 1},
    "giveaway_created": {},
    "video_chat_started": {},
    "message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400},
    "chat_background_set": {
        "type": {"type": "fill", "fill": {"type": "solid", "color": 255}, "dark_theme_dimming": 0},
    },
}

SERVICE = frozenset(_SERVICE)
"""Service messages: a bot gets them in groups with privacy mode on too."""


def content_of(kind: str) -> Json:
    """Return what a message of a kind carries.

    Raises:
        ControlError: There is no such kind.
    """
    contents = _SENT | _SERVICE
    if kind not in contents:
        raise ControlError(f"there is no content {kind}")
    also = {"location": _PLACE} if kind == "venue" else {}  # for bots that know no venues
    return {kind: contents[kind], **also}
