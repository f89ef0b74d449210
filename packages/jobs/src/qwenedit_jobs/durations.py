"""The times for which the packages wait or keep something, in seconds: what waits, and what happens at the end.

Each may be changed alone, unless its text names another one: `tests/unit/test_durations.py` checks those.
"""

from __future__ import annotations

DAY = 86_400
LOG = 60.0
"""Between two log lines that say the same."""
COLD_START = 300.0
"""In which a GPU node and a worker usually start. A job that waits longer without a ready worker is late."""

# ---------------------------------------------------------------- Redis

REDIS_REPLY = 5.0
"""Until a command or connection without a reply counts as lost, and is repeated: every script may be. The slowest
connection that works is `chunks.CHUNK` in this time: 105 kB/s."""
REDIS_IDLE = 15
"""Of idleness, after which a connection is checked before use, because it may be half-open."""
REDIS_SLOW = 1.0
"""After which a reply counts as slow; usually it takes a thousandth."""
STATE_CHECK = 10.0
"""Between two checks whether Redis has lost data."""
STATE_LOSS = 60.0
"""Of data that a crash of Redis may lose without a warning: with `everysec` it's one or two, and clocks differ. Above
`STATE_CHECK`."""

# ---------------------------------------------------------------- jobs

LEASE = 30.0
"""Until a silent worker's job goes to another one, unless `WORKER_LEASE` says otherwise."""
LANE_HOLD = 30.0
"""For which a lane's entry stays held without a renewal. Above three times `REDIS_REPLY`."""
UNANSWERED_JOB = 7 * DAY
"""For which an ended job waits for its answer: longer than any outage of the bot."""
ANSWERED_JOB = DAY
"""For which a job is kept after its answer, so that the buttons of its result work."""

# ---------------------------------------------------------------- pictures

PICTURE = DAY
"""For which a picture is kept, unless `PICTURE_TTL` says otherwise."""
FAILED_JOB_PICTURES = 3_600
"""For which a failed job keeps its photos if there's room, so that an operator can retry it."""
OBJECT_CALL = 15.0
"""For a call to the object store, plus one second for each 64 kB of a picture."""

# ---------------------------------------------------------------- signs of life

BEAT = 12.0
"""Between a worker's heartbeats. Below `REDIS_IDLE`: checking an idle connection costs a command."""
BOT_BEAT = 5.0
"""Between a bot's heartbeats."""
FORGOTTEN_WORKER = 60
"""Without a heartbeat until a worker counts as gone. Above three times `BEAT`, when the status calls it silent."""
LAST_WORDS = 900
"""For which its last report is kept for the operator. Above `FORGOTTEN_WORKER`."""
