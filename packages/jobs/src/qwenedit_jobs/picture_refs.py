"""The names under which the store has the pictures of jobs.

A reference is a job's id and a name within the job, joined by colons. An object in a bucket has the same name with
slashes, so all of a job's objects lie in the folder of its id.
"""

from __future__ import annotations

import hashlib
import re

from qwenedit_jobs.errors import PictureExpiredError

MAX_BYTES = 50 * 10**6
"""Bytes of the largest legal picture: Telegram takes no larger file from a bot."""
_PART = r"[A-Za-z0-9_-]{1,100}"
_JOB = re.compile(_PART)
_REF = re.compile(rf"{_PART}(?::{_PART}){{1,4}}")


def input_ref(job_id: str, index: int) -> str:
    """Name a job's picture by its position, so that a repeated upload replaces itself."""
    return f"{job_id}:in:{index}"


def result_ref(job_id: str, attempt: int, token: str = "") -> str:
    """Name what an attempt produced; a zombie's late result never overwrites its successor's.

    Args:
        job_id: The job.
        attempt: Its number, which an attempt that is given back leaves to the next one.
        token: The claim's, which no other attempt has.
    """
    suffix = f":{hashlib.sha256(token.encode()).hexdigest()[:12]}" if token else ""
    return f"{job_id}:out:{attempt}{suffix}"


def is_of_job(job_id: str, ref: str) -> bool:
    """Whether a reference names a picture of this job, and not another job's or something else."""
    return _REF.fullmatch(ref) is not None and ref.startswith(f"{job_id}:")


def is_job(job_id: str) -> bool:
    """Whether an id may be a job's, with a folder of its own. The folder of an empty one would be the folder of all."""
    return _JOB.fullmatch(job_id) is not None


def object_of(ref: str) -> str:
    """Name the object of a reference.

    Raises:
        PictureExpiredError: this can't be a reference, so nothing is kept under it.
    """
    if _REF.fullmatch(ref) is None:
        raise PictureExpiredError(ref[:100], "can't be a picture's name")
    return ref.replace(":", "/")
