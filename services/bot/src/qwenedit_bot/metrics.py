"""What the bot counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from qwenedit_telemetry import job_seconds


class BotMetrics:
    """The bot's metrics; no label has a value that users choose.

    Args:
        registry: Where they are shown.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.updates = Counter(
            "qwenedit_bot_updates_total",
            "Updates handled, by kind and outcome.",
            ("kind", "outcome"),
            registry=registry,
        )
        self.calls = Counter(
            "qwenedit_telegram_requests_total", "Bot API calls, by method and status.", ("method", "status"),
            registry=registry,
        )  # fmt: skip
        self.retry_after = Counter(
            "qwenedit_telegram_retry_after_seconds_total", "Seconds that Telegram's 429 answers told us to wait.",
            registry=registry,
        )  # fmt: skip
        self.enqueued = Counter("qwenedit_jobs_enqueued_total", "Jobs accepted from users.", registry=registry)
        self.refused = Counter(
            "qwenedit_bot_refusals_total", "Requests refused in words, by reason.", ("reason",), registry=registry
        )
        self.deliveries = Counter(
            "qwenedit_bot_deliveries_total", "Answers to jobs, by what the user got.", ("outcome",), registry=registry
        )
        self.finished = Counter(
            "qwenedit_jobs_finished_total", "Jobs answered, by their final state and, where it failed, why.",
            ("state", "reason"), registry=registry,
        )  # fmt: skip
        self.answer_seconds = job_seconds(
            "qwenedit_job_answer_seconds", "From a job's acceptance to its answer in the chat.", registry=registry
        )
        self.queue_jobs = Gauge(
            "qwenedit_queue_jobs", "Jobs in each place, as the leading replica sees them.", ("place",),
            registry=registry,
        )  # fmt: skip
        self.oldest_wait = Gauge(
            "qwenedit_queue_oldest_wait_seconds", "How long the next job in line has waited; 0 for an empty line.",
            registry=registry,
        )  # fmt: skip
        self.reaped = Counter(
            "qwenedit_jobs_reaped_total", "Leases that ran out, by what became of their job.", ("outcome",),
            registry=registry,
        )  # fmt: skip
        self.leader = Gauge(
            "qwenedit_bot_leader", "1 on the replica that runs the janitor and the progress edits.", registry=registry
        )
