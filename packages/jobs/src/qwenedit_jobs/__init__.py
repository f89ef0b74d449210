"""The contract between bot and worker: jobs, their queue on Redis, their pictures and events."""

from qwenedit_jobs.connection import connect
from qwenedit_jobs.errors import (
    PictureExpiredError,
    QueueError,
    QueueFullError,
    StorageFullError,
    TooManyUnfinishedError,
    UnreadableJobError,
    WrongTypeError,
)
from qwenedit_jobs.events import Event, Events
from qwenedit_jobs.keys import Keys
from qwenedit_jobs.model import (
    MAX_PICTURES,
    MAX_PROMPT_LENGTH,
    Claim,
    Counts,
    Edit,
    Job,
    Phase,
    Reason,
    ReplyTo,
    Result,
    State,
    Status,
    job_id,
)
from qwenedit_jobs.pictures import PictureStore, RedisPictureStore, input_ref, result_ref
from qwenedit_jobs.queue import Cancelled, JobQueue, Lease, Limits, Settled
from qwenedit_jobs.settings import RedisSettings, load

__all__ = [
    "MAX_PICTURES",
    "MAX_PROMPT_LENGTH",
    "Cancelled",
    "Claim",
    "Counts",
    "Edit",
    "Event",
    "Events",
    "Job",
    "JobQueue",
    "Keys",
    "Lease",
    "Limits",
    "Phase",
    "PictureExpiredError",
    "PictureStore",
    "QueueError",
    "QueueFullError",
    "Reason",
    "RedisPictureStore",
    "RedisSettings",
    "ReplyTo",
    "Result",
    "Settled",
    "State",
    "Status",
    "StorageFullError",
    "TooManyUnfinishedError",
    "UnreadableJobError",
    "WrongTypeError",
    "connect",
    "input_ref",
    "job_id",
    "load",
    "result_ref",
]
