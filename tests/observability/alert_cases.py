"""What an installation's metrics are in a normal hour, and what is not normal, for each alert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.observability.chart import NAMESPACE

OURS = f'namespace="{NAMESPACE}"'
BOT = f'{OURS},pod="bot-a",instance="10.0.0.1:8081"'
WORKER = f'{OURS},pod="worker-a",instance="10.0.0.2:8080"'
RELEASE = "photos/edit-qwenedit"
RUNBOOKS = "https://github.com/qwenedit/qwenedit/blob/main/docs/runbooks"

FINISHED = "qwenedit_jobs_finished_total{" + BOT + ',state="%s",reason="%s"}'
DONE, CANCELLED = FINISHED % ("done", ""), FINISHED % ("cancelled", "")
FAILED, HUNG = FINISHED % ("failed", "execution_failed"), FINISHED % ("failed", "comfyui_unavailable")
ANSWERS = "qwenedit_job_answer_seconds_count{" + BOT + "}"
IN_TIME = "qwenedit_job_answer_seconds_bucket{" + BOT + ',le="300.0"}'
LEADER = "qwenedit_bot_leader{" + BOT + "}"
WAITING = "qwenedit_queue_jobs{" + BOT + ',place="waiting"}'
ASIDE = "qwenedit_bot_entries{" + BOT + ',lanes="updates",place="set_aside"}'
PAUSED = "qwenedit_queue_paused{" + BOT + "}"
RUNNING = "qwenedit_queue_jobs{" + BOT + ',place="running"}'
REAPED = "qwenedit_jobs_reaped_total{" + BOT + ',outcome="delayed"}'
TAKEN_BACK = REAPED.replace("delayed", "queued")
REFUSED = "qwenedit_bot_refusals_total{" + BOT + ',reason="queue_full"}'
TOO_MANY = "qwenedit_bot_refusals_total{" + BOT + ',reason="backlog_full"}'
CHECKS = "qwenedit_moderation_checks_total{" + BOT + ',stage="%s",outcome="%s"}'
CHECKED, RESULTS = CHECKS % ("request", "allowed"), CHECKS % ("result", "allowed")
NO_ANSWER, UNCHECKED = CHECKS % ("request", "error"), CHECKS % ("result", "error")
USED, MOST = "qwenedit_redis_memory_used_bytes{" + BOT + "}", "qwenedit_redis_memory_max_bytes{" + BOT + "}"
KEPT_FREE = "qwenedit_redis_memory_kept_free_bytes{" + BOT + "}"
STORE = "qwenedit_picture_store_call_seconds_count{" + WORKER + ',operation="put",outcome="%s"}'
STORED, UNSTORED = STORE % "ok", STORE % "unavailable"
CALLS = "qwenedit_telegram_requests_total{" + BOT + ',method="%s",status="%s"}'
SENT, POLLED = CALLS % ("editMessageMedia", "200"), CALLS % ("getUpdates", "200")
BLOCKED, SLOWER = CALLS % ("sendMessage", "403"), CALLS % ("editMessageText", "429")
AWAY = CALLS % ("getUpdates", "network")
UP = "qwenedit_comfyui_up{" + WORKER + "}"
DISK = "kubelet_volume_stats_%s_bytes{" + OURS + ',persistentvolumeclaim="data-edit-qwenedit-redis-0",node="a"}'
FREE, VOLUME = DISK % "available", DISK % "capacity"

NORMAL = {
    DONE: "0+2x{n}",
    CANCELLED: "0+1x{n}",
    FAILED: "0x30 1x{n}",
    HUNG: "0x{n}",
    ANSWERS: "0+3x{n}",
    IN_TIME: "0+3x30 92+3x{n}",
    LEADER: "1x{n}",
    WAITING: "0 3 1 0 2x8 0 1x7 0x{n}",
    PAUSED: "0x{n}",
    RUNNING: "0 1x20 0 1x{n}",
    REAPED: "0x30 1x{n}",
    REFUSED: "0x{n}",
    TOO_MANY: "0+1x{n}",
    CHECKED: "0+3x{n}",
    RESULTS: "0+2x{n}",
    NO_ANSWER: "0x20 1x{n}",
    UNCHECKED: "0x{n}",
    USED: "500000000x30 766367641x{n}",
    MOST: "1073741824x{n}",
    KEPT_FREE: "0 10000000x{n}",
    STORED: "0+3x{n}",
    UNSTORED: "0x40 1x{n}",
    SENT: "0+12x{n}",
    POLLED: "0+2x{n}",
    BLOCKED: "0+1x{n}",
    SLOWER: "0x20 1x{n}",
    AWAY: "0x40 2x{n}",
    UP: "_x3 0x5 1x{n}",
    FREE: "6000000000x{n}",
    VOLUME: "8000000000x{n}",
}
"""Six jobs a minute, two of them cancelled; one failure, one late answer, a worker that comes and one that dies,
a Redis that answered pictures fill, a question that moderation did not
answer, a short loss of Telegram and one 429, somebody who has blocked the bot, and a job that waits now and then.
"""


@dataclass(frozen=True)
class Case:
    """What is not normal, when it is told, and what the alert then says."""

    series: dict[str, str]
    at: str
    severity: str
    description: str
    labels: dict[str, str] = field(default_factory=dict)


RECORDED = {"release": RELEASE}
QUEUE = {"release": RELEASE, "place": "waiting"}
CASES = {
    "QweneditJobsFailFast": Case(
        {DONE: "0+3x{n}", FAILED: "0+1x{n}"},
        "12m",
        "critical",
        "25.0 % of the jobs of the last five minutes in photos ended without a picture.",
        RECORDED,
    ),
    "QweneditJobsFailSlowly": Case(
        {DONE: "0+19x{n}", FAILED: "0+1x{n}"},
        "90m",
        "warning",
        "5.0 % of the jobs of the last two hours in photos ended without a picture.",
        RECORDED,
    ),
    "QweneditAnswersLateFast": Case(
        {ANSWERS: "0+4x{n}", IN_TIME: "0+1x{n}"},
        "12m",
        "critical",
        "75 % of the answers of the last five minutes in photos took more than 300 s.",
        RECORDED,
    ),
    "QweneditQueueStuck": Case(
        {WAITING: "7x{n}", DONE: "9x{n}", CANCELLED: "0x{n}", FAILED: "0x{n}"},
        "30m",
        "critical",
        "7 jobs wait in photos, and no job has ended in 15 minutes.",
        QUEUE,
    ),
    "QweneditNoWorker": Case(
        {WAITING: "0x5 2x{n}", RUNNING: "0x{n}", UP: "_x{n}"},
        "30m",
        "critical",
        "2 jobs wait in photos, none runs, and no worker has a ComfyUI that is ready.",
        QUEUE,
    ),
    "QweneditPauseForgotten": Case(
        {WAITING: "0x20 7x{n}", PAUSED: "0x10 1x{n}"},
        "50m",
        "warning",
        "7 jobs wait in photos for an operator to end the pause; each fails after 3600 s.",
        QUEUE,
    ),
    "QweneditWorkersLost": Case(
        {REAPED: "0x20 1x10 2x10 3x{n}"}, "50m", "warning", "3 jobs in photos lost their worker in the last hour."
    ),
    "QweneditBotDown": Case(
        {LEADER: "1x10 _x{n}"},
        "25m",
        "critical",
        "In photos no replica of the bot is up and leads: users get no answers.",
    ),
    "QweneditTelegramRejects": Case(
        {SENT: "0x{n}", POLLED: "0x{n}", BLOCKED: "0x{n}", SLOWER: "0x{n}", AWAY: "0+2x{n}"},
        "20m",
        "critical",
        "100 % of the bot's calls to Telegram in photos fail.",
    ),
    "QweneditUsersTurnedAway": Case(
        {REFUSED: "0x10 1+2x{n}"},
        "18m",
        "critical",
        "Users in photos can't add jobs: queue_full.",
        {"reason": "queue_full"},
    ),
    "QweneditModerationFails": Case(
        {CHECKED: "0x{n}", RESULTS: "0+1x{n}", NO_ANSWER: "0+3x{n}"},
        "20m",
        "critical",
        "75 % of the calls to the moderation hook in photos fail; their jobs are refused.",
    ),
    "QweneditPictureStoreFails": Case(
        {STORED: "0+1x{n}", UNSTORED: "0+3x{n}"},
        "20m",
        "critical",
        "75 % of the calls to the object store in photos fail; photos and results wait.",
    ),
    "QweneditRedisNearlyFull": Case(
        {USED: "500000000x10 666367641x{n}", KEPT_FREE: "0x10 300000000x{n}"},
        "30m",
        "warning",
        "Redis in photos needs 90 % of its memory. Beyond 90 % new jobs are refused.",
    ),
    "QweneditRedisDiskFull": Case(
        {FREE: "6000000000x10 800000000x{n}"},
        "25m",
        "critical",
        "90 % of Redis' volume in photos is used. Once it's full, users get no answers.",
    ),
    "QweneditSetAside": Case(
        {ASIDE: "0x10 2x{n}"},
        "20m",
        "warning",
        "2 updates or answers in photos couldn't be handled and wait for an operator.",
    ),
}

SILENT = {
    "one of three jobs failed in a night": ({DONE: "0x20 1x20 2x{n}", FAILED: "0x40 1x{n}", HUNG: "0x{n}"}, "JobsFail"),
    "users cancel everything": ({DONE: "0x{n}", FAILED: "0x{n}", CANCELLED: "0+5x{n}"}, "JobsFail"),
    "one answer was late at night": (
        {ANSWERS: "0x20 1x{n}", IN_TIME: "0x{n}", DONE: "0x20 1x{n}", FAILED: "0x{n}", CANCELLED: "0x{n}"},
        "",
    ),
    "the operator has paused the queue": (
        {WAITING: "7x50 0x{n}", PAUSED: "1x50 0x{n}", DONE: "9x{n}", CANCELLED: "0x{n}", FAILED: "0x{n}"},
        "",
    ),
    "nobody waits for the end of a pause": ({WAITING: "0x{n}", PAUSED: "1x{n}"}, "Pause"),
    "paused with no worker": ({WAITING: "7x{n}", PAUSED: "1x{n}", RUNNING: "0x{n}", UP: "_x{n}"}, "Worker"),
    "a cold start takes ten minutes": (
        {WAITING: "0x5 2x20 0x{n}", RUNNING: "0x25 1x{n}", UP: "_x20 0x5 1x{n}"},
        "Worker",
    ),
    "Prometheus may not scrape the workers": ({WAITING: "7x{n}", RUNNING: "2x{n}", UP: "_x{n}"}, "Worker"),
    "nobody sends anything": ({DONE: "9x{n}", FAILED: "0x{n}", CANCELLED: "0x{n}", ANSWERS: "9x{n}"}, ""),
    "a replica that led before shows an old line": (
        {
            WAITING.replace("bot-a", "bot-b").replace("10.0.0.1", "10.0.0.9"): "7x{n}",
            LEADER.replace("bot-a", "bot-b").replace("10.0.0.1", "10.0.0.9"): "0x{n}",
            DONE: "9x{n}",
            FAILED: "0x{n}",
            CANCELLED: "0x{n}",
        },
        "",
    ),
    "an operator gives jobs back": ({TAKEN_BACK: "0x20 3x{n}"}, "WorkersLost"),
    "one photo is refused": ({REFUSED: "0x20 1x{n}"}, "TurnedAway"),
    "nobody is moderated": ({CHECKED: "_x{n}", RESULTS: "_x{n}", NO_ANSWER: "_x{n}", UNCHECKED: "_x{n}"}, "Moderation"),
    "the moderation hook fails now and then": ({NO_ANSWER: "0+1x4 4x{n}", UNCHECKED: "0x60 1x{n}"}, "Moderation"),
    "pictures lie in Redis": ({STORED: "_x{n}", UNSTORED: "_x{n}"}, "PictureStore"),
    "the object store fails now and then": ({UNSTORED: "0+1x2 2x{n}"}, "PictureStore"),
    "Redis has no limit": ({MOST: "0x{n}"}, "Redis"),
    "many have blocked the bot": ({BLOCKED: "0+50x{n}"}, "Telegram"),
}
"""What comes near an alert and is none."""
MINUTES = 120


def expect(series: dict[str, str], alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe a test of promtool: what the series are beside the normal ones, and which alerts are expected."""
    return {
        "interval": "30s",
        "input_series": [
            {"series": name, "values": values.replace("{n}", str(2 * MINUTES))}
            for name, values in {**NORMAL, **series}.items()
        ],
        "alert_rule_test": alerts,
    }
