"""The names under which the store has the pictures of jobs."""

from __future__ import annotations

import hashlib


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
    told = f":{hashlib.sha256(token.encode()).hexdigest()[:12]}" if token else ""
    return f"{job_id}:out:{attempt}{told}"
