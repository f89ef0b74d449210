"""What a worker counts. Labels have few values; none is an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from qwenedit_telemetry import job_seconds

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Metrics:
    """The worker's metrics, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queue_wait = job_seconds(
            "qwenedit_queue_wait_seconds",
            "From a job's acceptance to the claim of its first attempt, by Redis' clock.",
            registry=registry,
        )
        self.execution = job_seconds(
            "qwenedit_execution_seconds",
            "From an attempt's claim to its settlement, by what became of the job.",
            ("outcome",),
            registry=registry,
        )
        self.attempts = Counter(
            "qwenedit_attempts_total",
            "Attempts, by what became of the job (done, failed, delayed, queued, cancelled, lost) and why.",
            ("outcome", "reason"),
            registry=registry,
        )
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
