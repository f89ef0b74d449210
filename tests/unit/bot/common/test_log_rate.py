"""Log lines that strangers cause."""

from __future__ import annotations

import structlog

from qwenedit_bot.common.log_rate import LogRate


def test_log_lines_of_a_flood_are_one_a_minute_with_the_number_of_the_others() -> None:
    now = 0.0
    with structlog.testing.capture_logs() as lines:
        log = LogRate(structlog.get_logger(), clock=lambda: now)
        for second in range(120):
            now = float(second)
            log.info("update.not_allowed")
        now = 200.0
        log.warning("update.not_allowed")
        log.info("something else")
    assert [line.get("left_out") for line in lines] == [None, 59, 59, None]
    assert [line["event"] for line in lines] == [*["update.not_allowed"] * 3, "something else"]
