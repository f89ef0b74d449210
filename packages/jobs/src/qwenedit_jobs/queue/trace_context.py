"""Derives an attempt's span id from its claim, so that bot and worker use the same id without telling each other."""

from __future__ import annotations

import hashlib


def attempt_context(trace_context: str, token: str) -> str:
    """Derive the traceparent of an attempt's span from the one that travels with the job and from the claim's token.

    A span's id is known only once it is made. A worker may die before it could write that into the job; the token is
    there from the claim on.

    Returns:
        A traceparent (https://www.w3.org/TR/trace-context/#traceparent-header); empty where there is no trace, or no
        attempt.
    """
    version, _, rest = trace_context.partition("-")
    trace_id, _, rest = rest.partition("-")
    _parent, _, flags = rest.partition("-")
    if not flags or not token:
        return ""
    return f"{version}-{trace_id}-{hashlib.sha256(token.encode()).hexdigest()[:16]}-{flags}"
