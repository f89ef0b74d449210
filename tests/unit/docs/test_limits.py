"""The page on limits has the figures of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwenedit_bot.app import features, parts
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.common import log_rate
from qwenedit_bot.inbox import inbox, webhook
from qwenedit_bot.pictures import converter, downloads, results
from qwenedit_bot.presets import search
from qwenedit_bot.privacy import disk_erasure, key_search, user_erasure
from qwenedit_bot.users import update_filter
from qwenedit_jobs.pictures import bucket, cleanup, redis_store
from qwenedit_jobs.queue import queue
from qwenedit_jobs.redis import chunks, scripts
from qwenedit_jobs.redis.connection import SOCKET_TIMEOUT
from qwenedit_telemetry import http_server, probes
from qwenedit_worker.comfyui.execution import transfer
from qwenedit_worker.comfyui.protocol import transport, websocket
from qwenedit_worker.comfyui.workflow import size_nodes

PAGE = (Path(__file__).resolve().parents[3] / "docs/limits.md").read_text()
ROWS = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| ")}
MIB = 2**20


def in_script(name: str, script: str = "enqueue") -> int:
    """Return a constant of a script, as of the one that keeps room for results."""
    (value,) = re.findall(rf"^local {name} = (\d+)", scripts.scripts_in(queue.SCRIPTS)[script], re.MULTILINE)
    return int(value)


@pytest.mark.parametrize(
    ("row", "figures"),
    [
        ("updates being handled", [f"{parts.UPDATES_AT_ONCE}"]),
        ("answers being given", [f"{parts.ANSWERS_AT_ONCE}"]),
        ("bytes of pictures in memory", [f"{features.PICTURE_MEMORY // MIB} MiB"]),
        ("a search of the presets", [f"{search.MAX_QUERY} characters", f"{search.MOST_WORDS} words"]),
        ("updates waiting", [f"{inbox.WAITING} a sender"]),
        ("updates of strangers and banned people", [f"{update_filter.TOLD_EVERY // 3600} kept an hour"]),
        ("log lines caused by strangers", [f"{log_rate.EVERY / 60:.0f} a minute"]),
        (
            "looks at every key of Redis, for `/forget`",
            [f"{key_search.SCANNED_AT_ONCE:,} keys", f"1 in {user_erasure.EVERY:.0f} s"],
        ),
        ("deleted data in Redis' file on disk", ["an hour"] if disk_erasure.EVERY == 3600 else ["another"]),
        ("downloads", [f"{downloads.PLACES};", f"{downloads.PATIENCE:.0f} s", f"{downloads.SLOWEST // 1000} kB"]),
        ("conversions of ordinary pictures", [f"of {converter.PLACES} places"]),
        (
            "a job's past, for `qwenedit`",
            [
                f"{in_script('ATTEMPTS_KEPT', 'fail')} attempts",
                f"{in_script('DETAIL_KEPT', 'fail')} bytes",
                f"{in_script('ENDED_KEPT', 'fail'):,} jobs",
            ],
        ),
        ("webhook connections", [f"{webhook.CONNECTIONS},", f"{http_server.ARRIVAL:.0f} s to arrive"]),
        ("connections to the probes' port", [f"{probes.CONNECTIONS},"]),
        (
            "bytes of a request before it is trusted",
            [f"{http_server.MOST_HEADERS} headers", f"{http_server.LONGEST_LINE // 1024} KiB"],
        ),
        (
            "area of a result",
            [
                f"{size_nodes.MOST_MEGAPIXELS:.0f} megapixels",
                f"{size_nodes.MEGAPIXELS_DEFAULT:.0f}, at most 2",
                f"{BotSettings.model_fields['larger_megapixels'].default:.0f}) for",
            ],
        ),
        ("bytes of a result", [f"{transport.MAX_PICTURE // 10**6} MB"]),
        (
            "fetches of a result from ComfyUI",
            [f"{transfer.FETCHES} in {transfer.PATIENCE:.0f} s", f"{transport.SILENCE:.0f} s without a byte"],
        ),
        (
            "ComfyUI's replies",
            [f"{transport.MAX_JSON // MIB} MiB", f"{websocket.MOST_MESSAGES:,}", f"{websocket.MOST_BYTES // MIB} MiB"],
        ),
        (
            "bytes of pictures in Redis",
            [
                f"{queue.SHARE_OF_ALL * 10:.0f} tenths of".replace("9 ", "nine "),
                f"last {in_script('SIZES_KEPT')},",
                f"{in_script('EXPECTED') // MIB} MiB",
                f"before {in_script('SIZES_ENOUGH')} ",
                f"{redis_store.SHARE_OF_ONE * 10:.0f} tenth of".replace("1 ", "a "),
            ],
        ),
        (
            "a call to the store of objects",
            [f"{bucket.PATIENCE:.0f} s", f"{bucket.SLOWEST // 1000} kB"],
        ),
        ("objects that wait to be deleted", [f"{cleanup.BATCH} at once"]),
        (
            "a picture's way to Redis and back",
            [f"{chunks.CHUNK // 1024} KiB in {SOCKET_TIMEOUT:.0f} s", f"again after {results.SLOW_AGAIN:.0f} s"],
        ),
    ],
)
def test_limit_in_the_table_is_the_one_in_the_code(row: str, figures: list[str]) -> None:
    assert [figure for figure in figures if not re.search(rf"\b{re.escape(figure)}", ROWS[row])] == []
