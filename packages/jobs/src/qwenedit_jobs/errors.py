"""What can go wrong between a service and the queue."""

from __future__ import annotations

from redis.exceptions import OutOfMemoryError, ResponseError


class QueueError(Exception):
    """Base of everything that the queue refuses."""


class QueueFullError(QueueError):
    """The queue holds as many jobs as the operator allows."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"the queue is full: {waiting} jobs wait")
        self.waiting = waiting


class TooManyUnfinishedError(QueueError):
    """The user already has as many unfinished jobs as one user may have."""

    def __init__(self, unfinished: int) -> None:
        super().__init__(f"the user has {unfinished} unfinished jobs")
        self.unfinished = unfinished


class StorageFullError(QueueError, OutOfMemoryError):
    """Redis holds as much as it may (`maxmemory`): it takes no new job and no picture until others are gone.

    It is an error of redis-py's too, so that handlers of those handle it.
    """

    def __init__(self, why: str = "Redis is full: what its maxmemory allows is used up") -> None:
        super().__init__(why)


class EvictionPolicyError(QueueError):
    """Redis deletes keys of its own choice when it is full: a job that was accepted would be lost."""

    def __init__(self, policy: str) -> None:
        super().__init__(
            f"Redis' maxmemory-policy is {policy}: a full Redis would delete accepted jobs. Set it to noeviction"
        )
        self.policy = policy


class StateRefusedError(QueueError):
    """Redis holds state under this prefix that this process must not use."""


class StateTooNewError(StateRefusedError):
    """A newer version has written to this Redis: parts of its state would be lost or answered wrongly."""

    def __init__(self, *, found: int, own: int, version: str) -> None:
        super().__init__(
            f"Redis holds the state of a newer version, with layout {found}. This is version {version}, which reads"
            f" layouts up to {own}. Run the newer version again: docs/upgrades.md"
        )


class AnotherBotError(StateRefusedError):
    """Another bot uses this prefix: two bots would take each other's jobs and answers."""

    def __init__(self, *, owner: str, bot_id: int, prefix: str) -> None:
        super().__init__(
            f"the keys {prefix}:* in Redis are those of bot {owner}, and BOT_TOKEN is of bot {bot_id}. Set another"
            f" REDIS_PREFIX for bot {bot_id}; or, if it replaces bot {owner}, run `qwenedit forget-bot` first:"
            " docs/upgrades.md"
        )


class PictureExpiredError(QueueError):
    """The picture store no longer has the picture: its TTL ran out or it was deleted."""

    def __init__(self, ref: str, why: str = "has expired") -> None:
        super().__init__(f"picture {ref} {why}")
        self.ref = ref


class PictureTooLargeError(PictureExpiredError):
    """The stored object is larger than any picture may be, and isn't read."""

    def __init__(self, ref: str, *, size: int, most: int) -> None:
        super().__init__(ref, f"has {size} bytes, and no picture has more than {most}")


class PictureStoreError(QueueError):
    """Base of what goes wrong between a service and the store of objects that `PICTURES_URL` names."""


class PictureStoreUnavailableError(PictureStoreError):
    """The store did not carry out a call, or not in time. The call may be repeated."""


class PictureStoreRefusedError(PictureStoreUnavailableError):
    """The store refuses until an operator has mended something; the text says what. Then the call may be repeated."""


class PicturesForgottenError(QueueError, ResponseError):
    """Redis was replaced by one that lacks the pictures just stored: store them again, and call again.

    It is an error of redis-py's too, so that handlers of those handle it.
    """

    def __init__(self, job_id: str) -> None:
        super().__init__(f"the pictures of job {job_id} are not in Redis: it was replaced since they were stored")


class UnreadableRecordError(QueueError):
    """A job's record has a form that this version does not know. The message names it, without the user's words."""


class UnreadableJobError(QueueError):
    """A claimed job's payload is not what this version knows; a worker of another version may read it."""

    def __init__(self, job_id: str, token: str) -> None:
        super().__init__(f"the payload of job {job_id} cannot be read by this version")
        self.job_id = job_id
        self.token = token
