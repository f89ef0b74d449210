"""The names of spans' attributes. No prompt, picture, name or token is ever one.

Those without our prefix are OpenTelemetry's: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
"""

from __future__ import annotations

JOB_ID = "qwenedit.job.id"
JOB_SHORT_ID = "qwenedit.job.short_id"
"""The beginning of the job's id, as its user sees it: backends look for a whole value faster, or for no other."""
ATTEMPT = "qwenedit.attempt"
"""1 for the first execution of a job."""
MAX_ATTEMPTS = "qwenedit.max_attempts"
OUTCOME = "qwenedit.outcome"
"""The result of an attempt, of an answer, or of an update."""
REASON = "qwenedit.reason"
"""Why an attempt failed."""
QUEUE_WAIT = "qwenedit.queue_wait"
"""Seconds from a job's acceptance to the claim, by Redis' clock."""
WORKER = "qwenedit.worker"
UPDATE_KIND = "qwenedit.update.kind"
TELEGRAM_METHOD = "qwenedit.telegram.method"
TELEGRAM_STATUS = "qwenedit.telegram.status"
PICTURES = "qwenedit.pictures"
"""How many pictures an edit takes."""
PROMPT_ID = "qwenedit.comfyui.prompt_id"
"""ComfyUI's id of an execution, as in its log and history; says nothing of the user's words."""
STEP = "qwenedit.comfyui.step"
STEPS = "qwenedit.comfyui.steps"
WORKFLOW = "qwenedit.workflow"
GPU_SECONDS = "qwenedit.gpu_seconds"
"""Seconds that an attempt had the GPU, from its claim to its settlement."""
LOAD_SECONDS = "qwenedit.load_seconds"
"""The part of them that went into loading models, where any were."""
BYTES = "qwenedit.bytes"
"""Size of a picture that was moved."""

ERROR_TYPE = "error.type"
GEN_AI_OPERATION = "gen_ai.operation.name"
GEN_AI_PROVIDER = "gen_ai.provider.name"
GEN_AI_MODEL = "gen_ai.request.model"
GEN_AI_INPUT_TOKENS = "gen_ai.usage.input_tokens"
GEN_AI_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
MESSAGING_SYSTEM = "messaging.system"
MESSAGING_DESTINATION = "messaging.destination.name"
MESSAGING_OPERATION = "messaging.operation.name"
MESSAGING_OPERATION_TYPE = "messaging.operation.type"
MESSAGING_MESSAGE_ID = "messaging.message.id"


def of_job(job_id: str) -> dict[str, str]:
    """Name a job, by its whole id and as its user knows it."""
    return {JOB_ID: job_id, JOB_SHORT_ID: job_id[:8]}  # as `qwenedit_jobs.short_id` does; a test compares them
