"""Every time for which the packages wait or keep something, in seconds: what waits, and what happens at the end.

Each may be changed alone, unless its text names another one: `tests/unit/jobs/test_times.py` checks those.
"""

from __future__ import annotations

DAY = 86_400

# ---------------------------------------------------------------- Redis

REDIS_REPLY = 5.0
"""Until a command without a reply, or a connection, counts as lost. Every script may be repeated, so it then is. The
slowest connection that works is `chunks.CHUNK` in this time: 105 kB/s."""
REDIS_IDLE = 15
"""Of idleness, after which a connection is tried before it's used: half-open ones are found here."""
REDIS_SLOW = 1.0
"""After which a reply is slow; mostly it takes a thousandth."""
REDIS_SLOW_LOG = 60.0
"""Between two log lines about slow replies."""
DNS = 2.0
"""Until DNS counts as down. Below `REDIS_REPLY`."""
STATE_CHECK = 10.0
"""Between two looks whether Redis has lost what it had."""
STATE_LOSS = 60.0
"""Of data that a crash of Redis may cost without being told: with `everysec` it's one or two, and clocks differ. Above
`STATE_CHECK`."""
STATE_LOSS_LOG = 60.0
"""Between two log lines about data that was lost, until the bot is started anew."""

# ---------------------------------------------------------------- jobs

LEASE = 30.0
"""Until a silent worker's job goes to another one, unless `WORKER_LEASE` says otherwise."""
LANE_HOLD = 30.0
"""For which an entry of a lane stays held without a sign of life from its holder. Above three times `REDIS_REPLY`."""
UNANSWERED_JOB = 7 * DAY
"""For which a finished job is remembered while its answer is on its way: longer than any outage of the bot. The scripts
say the same number."""
ANSWERED_JOB = DAY
"""For which a job is remembered after its answer: pressing a button of the result still finds it."""

# ---------------------------------------------------------------- pictures

PICTURE = DAY
"""For which a picture is kept, unless `PICTURE_TTL` says otherwise."""
FAILED_JOB_PICTURES = 3_600
"""For which a failed job keeps its photos, as long as there is room: an operator may have it tried again. The scripts
say the same number."""
OBJECT_CALL = 15.0
"""For a call to the object store in any case, and one more for each 64 kB of a picture."""

# ---------------------------------------------------------------- signs of life

BEAT = 12.0
"""Between two of a worker. Below `REDIS_IDLE`: a connection that was idle for longer costs a command."""
BOT_BEAT = 5.0
"""Between two of a bot, which says nothing between them."""
FORGOTTEN_WORKER = 60
"""Without one, until nobody counts on a worker. Above three times `BEAT`, after which the status calls it silent."""
LAST_WORDS = 900
"""For which its last words are kept for the operator. Above `FORGOTTEN_WORKER`."""
