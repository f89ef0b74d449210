"""Every word that a user reads, from the Fluent files in `locales`."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING

from fluent.runtime import FluentBundle
from fluent.syntax import FluentParser
from fluent.syntax.ast import Junk

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "ru")
"""The languages that the bot speaks, each with its file in `locales`. The first stands in where a text is missing."""


class Text(StrEnum):
    """The messages of a locale file, by their ids."""

    START = "start"
    HELP = "help"
    PRIVACY = "privacy"
    PRIVACY_COUNTED = "privacy-counted"
    PRIVACY_CHECKED = "privacy-checked"
    PRIVACY_PAID = "privacy-paid"
    PRIVACY_PROMISE = "privacy-promise"
    PERIOD = "period"
    FORGET = "forget"
    FORGET_COUNTED = "forget-counted"
    FORGET_PAID = "forget-paid"
    FORGET_BUTTON = "forget-button"
    FORGET_NOT_BUTTON = "forget-not-button"
    FORGET_NOT = "forget-not"
    FORGOTTEN = "forgotten"
    FORGOTTEN_SOON = "forgotten-soon"
    ASK_INSTRUCTION = "ask-instruction"
    ASK_INSTRUCTION_ALBUM = "ask-instruction-album"
    TEXT_WITHOUT_PHOTO = "text-without-photo"
    UNKNOWN_COMMAND = "unknown-command"
    UNSUPPORTED = "unsupported"
    ALBUM_TOO_MANY = "album-too-many"
    ALBUM_LATE = "album-late"
    ALBUM_HIDDEN = "album-hidden"
    GROUP_HELP = "group-help"
    GROUP_NO_PHOTO = "group-no-photo"
    TROUBLE = "trouble"
    TOO_MANY_AT_ONCE = "too-many-at-once"

    RECEIVED = "received"
    QUEUED = "queued"
    READY_IN = "ready-in"
    WAKING = "waking"
    ON_HOLD = "on-hold"
    DELAYED = "delayed"
    STARTING = "starting"
    EDITING = "editing"
    SENDING = "sending"
    STOPPING = "stopping"
    JOB = "job"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    INSTRUCTION_TOO_LONG = "instruction-too-long"
    FILE_TOO_BIG = "file-too-big"
    FILE_UNAVAILABLE = "file-unavailable"
    PICTURE_REFUSED = "picture-refused"
    ABOUT_PHOTO = "about-photo"
    QUEUE_FULL = "queue-full"
    STORAGE_FULL = "storage-full"
    STORAGE_SHARE = "storage-share"
    STORAGE_SLOW = "storage-slow"
    RESTING = "resting"
    MODERATION_REFUSED = "moderation-refused"
    MODERATION_UNAVAILABLE = "moderation-unavailable"
    PICTURES_FORBIDDEN = "pictures-forbidden"
    RESULT_REFUSED = "result-refused"
    RESULT_UNCHECKED = "result-unchecked"
    NOT_INVITED = "not-invited"
    BANNED = "banned"
    DAILY_LIMIT = "daily-limit"
    LEFT_TODAY = "left-today"
    LEFT_BOUGHT = "left-bought"
    NO_LIMIT = "no-limit"
    NOT_COUNTED = "not-counted"
    BUY_HINT = "buy-hint"
    BUY = "buy"
    BUY_BUTTON = "buy-button"
    INVOICE_TITLE = "invoice-title"
    INVOICE_DESCRIPTION = "invoice-description"
    PACK_GONE = "pack-gone"
    PAID = "paid"
    PAYMENT_RETURNED = "payment-returned"
    PAY_SUPPORT = "pay-support"
    PAYMENT = "payment"
    PAYMENTS_OF = "payments-of"
    NO_PAYMENTS = "no-payments"
    REFUNDED = "refunded"
    REFUND_REFUSED = "refund-refused"
    DURATION = "duration"
    REQUEUED = "requeued"
    TOO_MANY_UNFINISHED = "too-many-unfinished"

    LANGUAGE = "language"
    LANGUAGE_NAME = "language-name"
    LANGUAGE_OF_TELEGRAM = "language-of-telegram"
    PRESS_LANGUAGE = "press-language"

    PRESETS = "presets"
    PRESETS_OF = "presets-of"
    PRESET_PHOTO = "preset-photo"
    PRESET_PHOTO_IN_GROUP = "preset-photo-in-group"
    EARLIER_BUTTON = "earlier-button"
    LATER_BUTTON = "later-button"
    BACK_BUTTON = "back-button"

    CANCEL_BUTTON = "cancel-button"
    AGAIN_BUTTON = "again-button"
    FURTHER_BUTTON = "further-button"
    AS_FILE_BUTTON = "as-file-button"
    SEED_BUTTON = "seed-button"
    TRY_AGAIN_BUTTON = "try-again-button"
    ASK_FURTHER = "ask-further"
    ASK_FURTHER_IN_GROUP = "ask-further-in-group"
    NOTHING_IN_THE_WORKS = "nothing-in-the-works"
    NOTHING_TO_CANCEL = "nothing-to-cancel"
    DIALOGUE_CANCELLED = "dialogue-cancelled"
    JOBS_CANCELLED = "jobs-cancelled"
    PRESS_CANCELLED = "press-cancelled"
    PRESS_STOPPING = "press-stopping"
    PRESS_DONE = "press-done"
    PRESS_FAILED = "press-failed"
    PRESS_PRESET_GONE = "press-preset-gone"
    PRESS_IN_THE_WORKS = "press-in-the-works"
    PRESS_FORGOTTEN = "press-forgotten"
    PRESS_NOT_YOURS = "press-not-yours"
    PRESS_EXPIRED = "press-expired"
    PRESS_AGAIN = "press-again"
    PRESS_NOT_NOW = "press-not-now"
    PRESS_SEED = "press-seed"

    COMMAND_START = "command-start"
    COMMAND_EDIT = "command-edit"
    COMMAND_HELP = "command-help"
    COMMAND_PRESETS = "command-presets"
    COMMAND_STATUS = "command-status"
    COMMAND_CANCEL = "command-cancel"
    COMMAND_LANGUAGE = "command-language"
    COMMAND_LIMITS = "command-limits"
    COMMAND_PRIVACY = "command-privacy"
    COMMAND_BUY = "command-buy"
    COMMAND_PAYSUPPORT = "command-paysupport"
    COMMAND_REFUND = "command-refund"
    COMMAND_FORGET = "command-forget"

    COMMAND_STATS = "command-stats"
    COMMAND_QUEUE = "command-queue"
    COMMAND_PAUSE = "command-pause"
    COMMAND_RESUME = "command-resume"
    COMMAND_BAN = "command-ban"
    COMMAND_UNBAN = "command-unban"
    COMMAND_GRANT = "command-grant"
    COMMAND_BROADCAST = "command-broadcast"
    STATS_DAY = "stats-day"
    STATS_QUEUE = "stats-queue"
    STATS_WORKERS = "stats-workers"
    STATS_USERS = "stats-users"
    QUEUE_JOB = "queue-job"
    QUEUE_MORE = "queue-more"
    QUEUE_EMPTY = "queue-empty"
    PAUSED = "paused"
    RESUMED = "resumed"
    ADMIN_USAGE = "admin-usage"
    NOT_AN_ADMIN = "not-an-admin"
    BANNED_USER = "banned-user"
    UNBANNED_USER = "unbanned-user"
    GRANTED = "granted"
    BROADCAST_BUTTON = "broadcast-button"
    BROADCAST_BEGINS = "broadcast-begins"
    BROADCAST_DROPPED = "broadcast-dropped"
    BROADCAST_BUSY = "broadcast-busy"
    BROADCAST_GOES_ON = "broadcast-goes-on"
    BROADCAST_ENDED = "broadcast-ended"


class TextError(Exception):
    """A locale file lacks a message, or a message lacks a value: a defect of ours."""


class Words:
    """The texts of one language.

    Args:
        language: One of `LANGUAGES`.

    Raises:
        TextError: the language's file does not parse.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundle = FluentBundle([language], use_isolating=False)
        source = (files("qwenedit_bot") / "locales" / f"{language}.ftl").read_text(encoding="utf-8")
        resource = FluentParser(with_spans=False).parse(source)
        junk = [entry.content for entry in resource.body if isinstance(entry, Junk)]
        if junk:
            raise TextError(f"{language}.ftl: cannot read {junk[0]!r}")
        self._bundle.add_resource(resource)

    def __call__(self, text: Text, **values: str | float) -> str:
        """Say something.

        Raises:
            TextError: the message or one of its values is missing.
        """
        if not self._bundle.has_message(text):
            raise TextError(f"{self.language}.ftl has no message {text}")
        pattern = self._bundle.get_message(text).value
        if pattern is None:
            raise TextError(f"{self.language}.ftl: {text} is empty")
        said, errors = self._bundle.format_pattern(pattern, values)
        if errors:
            raise TextError(f"{self.language}.ftl: {text}: {errors[0]!r}")
        return str(said)


class Texts:
    """All languages.

    Args:
        default: The language of users whose own we do not speak.
    """

    def __init__(self, *, default: str) -> None:
        self._words: Mapping[str, Words] = {language: Words(language) for language in LANGUAGES}
        self._default = default

    def of(self, code: str | None) -> Words:
        """Return the words for an IETF language tag such as `ru-RU`, as Telegram sends it."""
        primary = (code or "").lower().partition("-")[0]
        return self._words.get(primary) or self._words[self._default]
