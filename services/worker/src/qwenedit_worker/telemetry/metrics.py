"""The worker's Prometheus metrics. Labels have few values; none is an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from qwenedit_jobs import Reason
from qwenedit_jobs.model import Settled
from qwenedit_telemetry import job_seconds, picture_calls
from qwenedit_worker.telemetry.gpu_time import GpuTime

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_ENDS = (
    (Settled.DONE, ""),
    (Settled.CANCELLED, ""),
    (Settled.DELAYED, ""),
    *((settled, reason.value) for settled in (Settled.DELAYED, Settled.FAILED) for reason in Reason),
)
"""What an attempt usually comes to, and why."""


class Metrics:
    """The worker's metrics, in one registry.

    Series of which a pod may see but one event are there from the start: Prometheus sees no increase in one that begins
    with 1, and a pod that comes for a few jobs loads its models once.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queue_wait = job_seconds(
            "qwenedit_queue_wait_seconds",
            "From a job's acceptance to the claim of its first attempt, by Redis' clock.",
            registry=registry,
        )
        self.execution = job_seconds(
            "qwenedit_execution_seconds",
            "From an attempt's claim to its settlement, by the job's next state.",
            ("outcome",),
            registry=registry,
        )
        self.attempts = Counter(
            "qwenedit_attempts_total",
            "Attempts, by the job's next state (done, failed, delayed, queued, cancelled, lost) and reason.",
            ("outcome", "reason"),
            registry=registry,
        )
        for outcome in Settled:
            self.execution.labels(outcome.value)
        for settled, reason in _ENDS:
            self.attempts.labels(settled.value, reason)
        self.redeliveries = Counter(
            "qwenedit_redeliveries_total", "Claims of a job that had been tried before.", registry=registry
        )
        self.stale_completions = Counter(
            "qwenedit_stale_completions_refused_total",
            "Finished pictures that were refused, because the job had gone to another worker.",
            registry=registry,
        )
        self.lease_renewals_failed = Counter(
            "qwenedit_lease_renewals_failed_total", "Lease renewals that Redis did not answer.", registry=registry
        )
        self.busy = Gauge(
            "qwenedit_worker_busy", "1 while a job is executed; its mean is the busy ratio.", registry=registry
        )
        self.draining = Gauge("qwenedit_worker_draining", "1 when no further job is claimed.", registry=registry)
        self.redis_up = Gauge("qwenedit_redis_up", "1 while Redis answers this worker.", registry=registry)
        self.comfyui_up = Gauge(
            "qwenedit_comfyui_up", "1 while ComfyUI answers and has what the workflow needs.", registry=registry
        )
        self.comfyui_requests = Counter(
            "qwenedit_comfyui_requests_total",
            "Requests to ComfyUI, by route and by HTTP status, or `none` where no reply came.",
            ("route", "status"),
            registry=registry,
        )
        self.zombie_verdicts = Counter(
            "qwenedit_comfyui_zombie_verdicts_total",
            "How often ComfyUI was found to take prompts and execute none.",
            registry=registry,
        )
        self.on_picture_call = picture_calls(registry)
        self.gpu = GpuTime()
        registry.register(self.gpu)
        self.gpu_job = job_seconds(
            "qwenedit_gpu_job_seconds",
            "GPU time of an attempt, loading and editing, by the job's next state.",
            ("workflow", "outcome"),
            registry=registry,
        )
        self.model_load = job_seconds(
            "qwenedit_model_load_seconds",
            "From the first node that loads a model to the first sampling step, where a model was loaded.",
            ("workflow",),
            registry=registry,
        )
        self.warm_up = job_seconds(
            "qwenedit_warm_up_seconds",
            "Warm-ups, which load the model before the first job, by outcome (warm, failed).",
            ("workflow", "outcome"),
            registry=registry,
        )

    def expect(self, workflow: str) -> None:
        """Begin a workflow's series, before its first job ends."""
        self.model_load.labels(workflow)
        for outcome in ("warm", "failed"):
            self.warm_up.labels(workflow, outcome)
        for outcome in Settled:
            self.gpu_job.labels(workflow, outcome.value)
