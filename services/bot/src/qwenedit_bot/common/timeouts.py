"""The times for which the bot waits or remembers something, in seconds: what waits, and what happens at the end.

Each may be changed alone, unless its text names another one: `tests/unit/test_durations.py` checks those.
Those of the queue are in `qwenedit_jobs.durations`.
"""

from __future__ import annotations

from qwenedit_jobs.durations import DAY

# ---------------------------------------------------------------- calls of Telegram
SHORT_CALL = 10
"""For a call whose result is out of date by then."""
DOWNLOAD = 60
"""For a file, which has 20 MB at most."""
LONG_POLL = 25
"""For which Telegram holds a request without updates."""
LONG_POLL_LOST = LONG_POLL + 10
"""Until such a request counts as lost."""
RESERVED_AHEAD = 5.0
"""By which turns of the token are reserved in advance. It bounds the delay after a step of Redis' clock."""

# ---------------------------------------------------------------- updates
UPDATE = DAY
"""For which an update's id is remembered: as long as Telegram keeps undelivered updates."""
ALBUM = 0.8
"""From a message of an album to the next one: Telegram delivers them together, and never says which is the last."""
LANES_IDLE = 5.0
"""Between two checks of the lanes, at most: another replica's or an operator's entry may wait that long."""
DRAIN = 10.0
"""For held entries at a stop; the others are done after the next start. With `WEBHOOK_STOP` below the
pod's grace period of 30 s (`qwenedit.gracePeriod` in the chart)."""
RETRY_FIRST_PAUSE = 0.5
"""Between attempts at what Telegram, or the store of pictures, doesn't take; they double up to the next."""
RETRY_LONGEST_PAUSE = 60.0
REDIS_PAUSE = 2.0
"""Until an entry is retried after an error of Redis."""
WEBHOOK_STOP = 5.0
"""For open requests: each only writes to Redis."""
WEBHOOK_AGAIN = 60.0
"""Until the webhook is set once more: a poller that stops may have deleted it meanwhile."""

# ---------------------------------------------------------------- requests
SENT_AWAY = 2.0
"""Until a request that found no room is retried, at most; at least half of it."""
PLACE_IN_LINE = 3 * SENT_AWAY
"""For which a user keeps a place in line without asking again. Above `SENT_AWAY`."""
BACKLOG_RETRY = 30.0
"""Until a user's first request is retried, unless an answer to one of their jobs makes it due."""
MODERATION_ATTEMPT = 5.0
"""For each attempt to ask the moderation hook."""

# ---------------------------------------------------------------- progress and answers
PROGRESS_EDIT = 5.0
"""Until an edit that hasn't been sent is dropped. A process that was stopped must not send it over the answer."""
LATE_EDITS = PROGRESS_EDIT + SHORT_CALL
"""Until no progress edit of a job can arrive any more."""
REFUSED_PAUSE = 3_600.0
"""Until it's retried later, unless its chat sends something: Telegram doesn't tell bots that they may write again."""

# ---------------------------------------------------------------- the leader
LEADER_LEASE = 6.0
"""Until another replica leads when this one falls silent."""
LEADER_RENEW = 2.0
"""Between two renewals. Below a half of `LEADER_LEASE`."""
FORGET_AGAIN = 10.0
"""Between two requests of one user to be forgotten: each scans all keys of Redis, and any user may press the button."""

# ---------------------------------------------------------------- what is remembered
REPLY = 2 * DAY
"""Which message answers which. Above `UPDATE`; where jobs may wait longer, it's their wait and a day."""
SAID = 6 * 3_600
"""An answer's sent views. Above `REFUSED_PAUSE`, because a waiting handler is called again."""
DRAFT = DAY
"""A draft, after its last change."""
LANGUAGE = 365 * DAY
"""The language that a user chose."""
VERDICT = DAY
"""A verdict on a result: longer than its picture can be requested."""
CHARGE = 8 * DAY
"""What an unfinished job was charged to, at most. Above `durations.UNANSWERED_JOB`."""
PAYMENT = 3 * 365 * DAY
"""A user's payments, after the last one: for accounts and refunds."""
