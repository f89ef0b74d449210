"""The times for which the worker waits, in seconds: what waits, and what happens at the end.

Each may be changed alone, unless its text names another one: `tests/unit/test_durations.py` checks those.
What operators may set (`COMFYUI_TIMEOUT`, `WORKER_LEASE`) is in `settings.py`.
"""

from __future__ import annotations

# ---------------------------------------------------------------- a question to ComfyUI

CONNECT = 3.0
"""Until a connection counts as refused. The server is in the same pod or the same cluster. Below `REQUEST`."""
REQUEST = 10.0
"""For one question, and without a byte of a picture. ComfyUI's event loop stalls while it loads a model."""
TRANSFER = 60.0
"""For a picture, either way. Above `REQUEST`."""
FETCH_PAUSES = (0.25, 0.5, 1.0, 2.0)
"""Between the fetches of one result. With each one silent that's close to a minute, which a server needs that loads a
model for the next prompt."""
WEBSOCKET_CLOSE = 1.0
"""For the server's part of the closing."""

# ---------------------------------------------------------------- a prompt

PROMPT_ARRIVAL = 2.0
"""Until a prompt that was sent without a reply must have shown up; then it never arrived."""
SILENT_SERVER = 30.0
"""Until a server that takes connections and doesn't reply counts as gone: a model that loads can stall it. Above
`REQUEST`."""
POLL_BESIDE_WEBSOCKET = 2.0
"""Between questions while the websocket tells of the prompt: it may have fallen silent."""
IDLE_QUEUE = 20.0
"""For which a prompt waits at least if the server executes nothing: its executor may be dead, and the waiting prompt is
the evidence. Above `EXECUTOR_IDLE` and a `JUDGE`: taken back sooner, no prompt would ever show it."""
CLEAN_UP = 5.0
"""For which a failed edit waits for its clean-up, and a client that is closed; what takes longer continues during the
next edits. Below `LEAVING_MARGIN`."""
BROKEN_UPLOAD_STORED = 10.0
"""Until a picture whose upload was broken off is stored, if it is: the server finishes what it has."""

# ---------------------------------------------------------------- whether ComfyUI is well

CHECK = 15.0
"""Until a check without an answer has failed. Above `REQUEST`."""
JUDGE = 2.0
"""Between judgements of the executor, by a question that costs it nothing."""
EXECUTOR_IDLE = 15.0
"""Until an executor is condemned that runs nothing while a prompt waits. It takes the next one at once, unless it
collects garbage (0.3 s) or unloads models (some seconds)."""

# ---------------------------------------------------------------- a job

LONGEST_CLAIM = 5.0
"""The longest single wait for a job, after some that brought none. A worker that is cut off or stands still takes a job
only until its wait ends. `WORKER_POLLING_INTERVAL` may be as long."""
EDIT = 300.0
"""For one attempt: the default of `COMFYUI_TIMEOUT`, after which the edit is stopped and tried again."""
HEARTBEAT = 2.0
"""Between two heartbeats without news: a cancelled job is stopped by the next one. Far below `WORKER_LEASE`."""
HEARTBEAT_PACE = 0.5
"""Between two heartbeats, however fast the job goes. Below `HEARTBEAT`."""
PROGRESS_DELAY = 0.2
"""From a job's progress to the heartbeat that tells of it: most jobs send their result sooner."""
LATE_HEARTBEAT = 1.0
"""For Redis' word, after a worker slept through its lease (a stopped process)."""
STORE_AWAY = 10.0
"""Until a job is back in line whose pictures can't be read."""
JOB_STALLED = 30.0
"""Until the worker's liveness probe fails for a job without progress, on top of `COMFYUI_TIMEOUT`: to cancel it on
ComfyUI and tell Redis. Above `CLEAN_UP`."""

# ---------------------------------------------------------------- the end of the process

LEAVING_MARGIN = 10.0
"""Until a leaving worker gives its job back, on top of `COMFYUI_TIMEOUT`. The pod's grace period is longer than both
(`qwenedit.gracePeriod` in the chart)."""
LEAVING_CALL = 2.0
"""For giving a job back and for leaving the register when the process is being torn down; both expire otherwise."""
