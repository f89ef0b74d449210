"""The page on limits has the figures of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from qwenedit_bot.app.settings import ANSWERS_AT_ONCE, PICTURE_MEMORY, UPDATES_AT_ONCE
from qwenedit_bot.common import timeouts
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.inbox import inbox, webhook
from qwenedit_bot.pictures import intake
from qwenedit_decoder import headers, limits
from qwenedit_jobs import MAX_PICTURES, picture_refs
from qwenedit_jobs.queue import queue_view
from qwenedit_telemetry import http_server, probes
from qwenedit_worker.comfyui.protocol import transport

if TYPE_CHECKING:
    from qwenedit_decoder.limits import ProcessLimits

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/limits.md").read_text()
VALUES = (ROOT / "charts/qwenedit/values.yaml").read_text()
ROWS = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| ")}
MIB = 2**20
MB = 10**6
STARTED = 28
"""MB that a process which opens a picture has taken before its limits begin, as measured."""


def in_script(name: str) -> int:
    """Return a constant of the queue's scripts."""
    text = (queue_view.SCRIPTS / "transitions.lua").read_text()
    (value,) = re.findall(rf"^local {name} = (\d+)", text, re.MULTILINE)
    return int(value)


def of_a_decoder(most: ProcessLimits) -> list[str]:
    """Return the figures of a process."""
    return [f"{most.cpu} s of CPU", f"{most.memory // MIB} MiB", f"{most.seconds} s"]


@pytest.mark.parametrize(
    ("row", "figures"),
    [
        ("updates and answers being handled", [f"{UPDATES_AT_ONCE} updates", f"{ANSWERS_AT_ONCE} answers"]),
        ("updates waiting", [f"{inbox.WAITING} a sender"]),
        ("one edit", [f"{MAX_PICTURES} photos", f"{MAX_INSTRUCTION:,} characters"]),
        ("downloads", [f"{intake.DOWNLOADS} requests", f"{timeouts.DOWNLOAD} s"]),
        (
            "pictures in the bot's memory",
            [
                f"{PICTURE_MEMORY // MIB} MiB",
                f"{intake.FILES} with files",
                f"{intake.LARGE_FILES} more",
                f"{limits.LIGHT_BYTES // MB} MB",
            ],
        ),
        ("conversions of light pictures", of_a_decoder(limits.LIGHT)),
        ("conversions of heavy pictures", of_a_decoder(limits.HEAVY)),
        ("pixels and parts of a file", [f"{headers.MOST_PARTS:,}"]),
        (
            "unauthenticated connections",
            [
                f"{webhook.CONNECTIONS} to the webhook",
                f"{probes.CONNECTIONS} to the probes",
                f"{http_server.LIFETIME:.0f} s from",
                f"{http_server.MOST_HEADERS} headers",
                f"{http_server.LONGEST_LINE // 1024} KiB",
            ],
        ),
        ("bytes of a result", [f"{most // MB} MB" for most in (transport.MAX_PICTURE, picture_refs.MAX_BYTES)]),
        (
            "bytes of pictures in Redis",
            [
                f"{queue_view.SHARE:.0%} of".replace("%", " %"),
                f"{queue_view.TIDY_SHARE:.0%} of".replace("%", " %"),
                f"{in_script('UNKNOWN') // MIB} MiB",
            ],
        ),
    ],
)
def test_limit_in_the_table_is_the_one_in_the_code(row: str, figures: list[str]) -> None:
    assert [figure for figure in figures if not re.search(rf"\b{re.escape(figure)}", ROWS[row])] == []


def test_memory_of_the_bots_pod_is_above_the_sum_of_its_bounds() -> None:
    """What the bot itself takes was measured; the rest of the sum is in the code."""
    told = re.sub(r"\s+#\s+", " ", VALUES)
    (itself,) = map(int, re.findall(r"(\d+) MB for the bot itself", told))
    pictures = round(PICTURE_MEMORY / MB)
    light, heavy = (round(each.memory / MB) for each in (limits.LIGHT, limits.HEAVY))
    total = itself + pictures + 2 * STARTED + light + heavy
    limit = yaml.safe_load(VALUES)["bot"]["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    mebibytes = int(limit.removesuffix("Mi"))
    assert total * MB < mebibytes * MIB
    assert f"{pictures} MB for pictures in memory" in told
    assert f"take {STARTED} MB each, and at most {light} and {heavy} MB more" in told
    assert f"{mebibytes} MiB in the chart, above the sum of the bounds ({total:,} MB)" in ROWS["the bot's memory"]
