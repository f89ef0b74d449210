"""The bot's Prometheus metrics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from qwenedit_jobs import Reason, State
from qwenedit_telemetry import job_seconds, picture_calls

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class BotMetrics:
    """The bot's metrics; no label has a value that users choose.

    Series that alerts look at are there from the start: Prometheus sees no increase in one that begins with 1.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        self.updates = counter("qwenedit_bot_updates_total", "Updates handled.", ("kind", "outcome"))
        self.entries = gauge("qwenedit_bot_entries", "Updates, answers and requests in Redis.", ("lanes", "place"))
        self.calls = counter("qwenedit_telegram_requests_total", "Bot API calls.", ("method", "status"))
        self.retry_after = counter(
            "qwenedit_telegram_retry_after_seconds_total", "Sum of `retry_after` in Telegram's 429 replies."
        )
        self.enqueued = counter("qwenedit_jobs_enqueued_total", "Jobs accepted from users.")
        self.refused = counter("qwenedit_bot_refusals_total", "Requests refused.", ("reason",))
        for reason in ("queue_full", "storage_full"):
            self.refused.labels(reason)
        self.moderation = counter(
            "qwenedit_moderation_checks_total", "Calls to the moderation hook.", ("stage", "outcome")
        )
        for stage in ("request", "result"):
            for outcome in ("allowed", "refused", "error"):
                self.moderation.labels(stage, outcome)
        self.understood = counter(
            "qwenedit_bot_understood_total", "Texts understood, if a language model is set.", ("reader", "reason")
        )
        self.deliveries = counter("qwenedit_bot_deliveries_total", "Answers to jobs.", ("outcome",))
        self.finished = counter("qwenedit_jobs_finished_total", "Jobs answered.", ("state", "reason"))
        for state, reason in ((State.DONE, ""), (State.CANCELLED, ""), *((State.FAILED, reason) for reason in Reason)):
            self.finished.labels(state, reason)
        self.answer_seconds = job_seconds(
            "qwenedit_job_answer_seconds", "From acceptance to the answer in the chat.", registry=registry
        )
        self.queue_jobs = gauge("qwenedit_queue_jobs", "Jobs in each state.", ("place",))
        self.oldest_wait = gauge("qwenedit_queue_oldest_wait_seconds", "Wait of the next job in line; 0 if none waits.")
        self.queue_paused = gauge("qwenedit_queue_paused", "1 while an operator has paused the queue.")
        self.redis_memory_used = gauge("qwenedit_redis_memory_used_bytes", "Redis' used memory.")
        self.redis_memory_max = gauge("qwenedit_redis_memory_max_bytes", "Redis' `maxmemory`; 0 if unlimited.")
        self.redis_memory_kept_free = gauge(
            "qwenedit_redis_memory_kept_free_bytes", "Memory reserved for the results of unfinished jobs."
        )
        self.reaped = counter("qwenedit_jobs_reaped_total", "Attempts whose worker was lost.", ("outcome",))
        for outcome in ("delayed", State.FAILED, State.CANCELLED):
            self.reaped.labels(outcome)
        self.on_picture_call = picture_calls(registry)
        self.leader = gauge("qwenedit_bot_leader", "1 on the leading replica.")
