"""The contract between bot and worker: jobs, their queue on Redis, their pictures and events."""

from qwenedit_jobs.errors import (
    EvictionPolicyError,
    PictureExpiredError,
    PicturesForgottenError,
    QueueError,
    QueueFullError,
    StorageFullError,
    StorageShareError,
    TooManyUnfinishedError,
    UnreadableJobError,
    UnreadableRecordError,
    WrongTypeError,
)
from qwenedit_jobs.events import Event, Events, event_of
from qwenedit_jobs.keys import Keys
from qwenedit_jobs.model import (
    MAX_PICTURES,
    MAX_PROMPT_LENGTH,
    Cancelled,
    Claim,
    Counts,
    Edit,
    Job,
    Lease,
    Phase,
    Reason,
    ReplyTo,
    Result,
    Settled,
    State,
    Status,
    job_id,
    short_id,
)
from qwenedit_jobs.pictures.redis_store import RedisPictureStore
from qwenedit_jobs.pictures.refs import input_ref, result_ref
from qwenedit_jobs.pictures.store import PictureStore
from qwenedit_jobs.queue.lost_attempts import LostAttempt
from qwenedit_jobs.queue.queue import JobQueue, Limits
from qwenedit_jobs.redis.connection import connect
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
    "EvictionPolicyError",
    "Job",
    "JobQueue",
    "Keys",
    "Lease",
    "Limits",
    "LostAttempt",
    "Phase",
    "PictureExpiredError",
    "PictureStore",
    "PicturesForgottenError",
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
    "StorageShareError",
    "TooManyUnfinishedError",
    "UnreadableJobError",
    "UnreadableRecordError",
    "WrongTypeError",
    "connect",
    "event_of",
    "input_ref",
    "job_id",
    "load",
    "result_ref",
    "short_id",
]
