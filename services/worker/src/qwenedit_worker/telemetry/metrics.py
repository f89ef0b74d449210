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
"""Usual outcomes of an attempt, and their reasons."""


class Metrics:
    """The worker's metrics, in one registry.

    Series of which a pod may see but one event are there from the start: Prometheus sees no increase in one that begins
    with 1, and a pod that comes for a few jobs loads its models once.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queue_wait = job_seconds(
            "qwenedit_queue_wait_seconds",
            "From acceptance to the first claim.",
            registry=registry,
        )
        self.execution = job_seconds(
            "qwenedit_execution_seconds",
            "From an attempt's claim to its end.",
            ("outcome",),
            registry=registry,
        )
        self.attempts = Counter(
            "qwenedit_attempts_total",
            "Attempts, by the job's next state.",
            ("outcome", "reason"),
            registry=registry,
        )
        for outcome in Settled:
            self.execution.labels(outcome.value)
        for settled, reason in _ENDS:
            self.attempts.labels(settled.value, reason)
        self.redeliveries = Counter(
            "qwenedit_redeliveries_total", "Claims of a job that was tried before.", registry=registry
        )
        self.stale_completions = Counter(
            "qwenedit_stale_completions_refused_total",
            "Results refused because another worker has the job.",
            registry=registry,
        )
        self.lease_renewals_failed = Counter(
            "qwenedit_lease_renewals_failed_total", "Lease renewals without a reply.", registry=registry
        )
        self.busy = Gauge("qwenedit_worker_busy", "1 while a job runs.", registry=registry)
        self.draining = Gauge("qwenedit_worker_draining", "1 once the worker takes no more jobs.", registry=registry)
        self.redis_up = Gauge("qwenedit_redis_up", "1 while Redis answers this worker.", registry=registry)
        self.comfyui_up = Gauge("qwenedit_comfyui_up", "1 while ComfyUI is ready for the workflow.", registry=registry)
        self.comfyui_requests = Counter(
            "qwenedit_comfyui_requests_total",
            "Requests to ComfyUI; `none` is no reply.",
            ("route", "status"),
            registry=registry,
        )
        self.zombie_verdicts = Counter(
            "qwenedit_comfyui_zombie_verdicts_total",
            "How often the worker found that ComfyUI executes nothing.",
            registry=registry,
        )
        self.on_picture_call = picture_calls(registry)
        self.gpu = GpuTime()
        registry.register(self.gpu)
        self.gpu_job = job_seconds(
            "qwenedit_gpu_job_seconds",
            "GPU time of an attempt.",
            ("workflow", "outcome"),
            registry=registry,
        )
        self.model_load = job_seconds(
            "qwenedit_model_load_seconds",
            "From the first node that loads a model to the first sampling step.",
            ("workflow",),
            registry=registry,
        )
        self.warm_up = job_seconds(
            "qwenedit_warm_up_seconds",
            "Warm-ups before the first job.",
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
