"""The bot's Prometheus metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from qwenedit_jobs import Reason, State
from qwenedit_telemetry import job_seconds, picture_calls


class BotMetrics:
    """The bot's metrics; no label has a value that users choose.

    Series that alerts look at are there from the start: Prometheus sees no increase in one that begins with 1.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.updates = Counter(
            "qwenedit_bot_updates_total",
            "Updates handled.",
            ("kind", "outcome"),
            registry=registry,
        )
        self.entries = Gauge(
            "qwenedit_bot_entries", "Updates, answers and requests in Redis.",
            ("lanes", "place"), registry=registry,
        )  # fmt: skip
        self.calls = Counter(
            "qwenedit_telegram_requests_total", "Bot API calls.", ("method", "status"),
            registry=registry,
        )  # fmt: skip
        self.retry_after = Counter(
            "qwenedit_telegram_retry_after_seconds_total", "Sum of `retry_after` in Telegram's 429 replies.",
            registry=registry,
        )  # fmt: skip
        self.enqueued = Counter("qwenedit_jobs_enqueued_total", "Jobs accepted from users.", registry=registry)
        self.refused = Counter("qwenedit_bot_refusals_total", "Requests refused.", ("reason",), registry=registry)
        for reason in ("queue_full", "storage_full"):
            self.refused.labels(reason)
        self.moderation = Counter(
            "qwenedit_moderation_checks_total", "Calls to the moderation hook.",
            ("stage", "outcome"), registry=registry,
        )  # fmt: skip
        for stage in ("request", "result"):
            for outcome in ("allowed", "refused", "error"):
                self.moderation.labels(stage, outcome)
        self.deliveries = Counter("qwenedit_bot_deliveries_total", "Answers to jobs.", ("outcome",), registry=registry)
        self.finished = Counter(
            "qwenedit_jobs_finished_total", "Jobs answered.",
            ("state", "reason"), registry=registry,
        )  # fmt: skip
        for state, reason in ((State.DONE, ""), (State.CANCELLED, ""), *((State.FAILED, reason) for reason in Reason)):
            self.finished.labels(state, reason)
        self.answer_seconds = job_seconds(
            "qwenedit_job_answer_seconds", "From acceptance to the answer in the chat.", registry=registry
        )
        self.queue_jobs = Gauge(
            "qwenedit_queue_jobs", "Jobs in each state.", ("place",),
            registry=registry,
        )  # fmt: skip
        self.oldest_wait = Gauge(
            "qwenedit_queue_oldest_wait_seconds", "Wait of the next job in line; 0 if none waits.",
            registry=registry,
        )  # fmt: skip
        self.queue_paused = Gauge(
            "qwenedit_queue_paused", "1 while an operator has paused the queue.", registry=registry
        )
        self.redis_memory_used = Gauge("qwenedit_redis_memory_used_bytes", "Redis' used memory.", registry=registry)
        self.redis_memory_max = Gauge(
            "qwenedit_redis_memory_max_bytes", "Redis' `maxmemory`; 0 if unlimited.",
            registry=registry,
        )  # fmt: skip
        self.redis_memory_kept_free = Gauge(
            "qwenedit_redis_memory_kept_free_bytes", "Memory reserved for the results of unfinished jobs.",
            registry=registry,
        )  # fmt: skip
        self.reaped = Counter(
            "qwenedit_jobs_reaped_total", "Attempts whose worker was lost.", ("outcome",),
            registry=registry,
        )  # fmt: skip
        for outcome in ("delayed", State.FAILED, State.CANCELLED):
            self.reaped.labels(outcome)
        self.on_picture_call = picture_calls(registry)
        self.leader = Gauge(
            "qwenedit_bot_leader",
            "1 on the leading replica.",
            registry=registry,
        )
