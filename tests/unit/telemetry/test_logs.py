"""What a line of the log says, whoever wrote it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from qwenedit_telemetry import configure_logging, job_context, redact_words

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"


@pytest.fixture
def configure() -> Callable[..., Callable[[], list[dict[str, Any]]]]:
    def configured(**options: Any) -> Callable[[], list[dict[str, Any]]]:
        stream = io.StringIO()
        configure_logging(service="worker", stream=stream, **options)
        return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]

    return configured


def test_line_has_time_level_event_service_and_logger(configure):
    lines = configure()
    structlog.get_logger("qwenedit_worker.app").info("job.started", steps=4)
    (line,) = lines()
    assert list(line)[:5] == ["time", "level", "event", "service", "logger"]
    assert line["time"].endswith("Z")
    assert [*line.values()][1:6] == ["info", "job.started", "worker", "qwenedit_worker.app", 4]


def test_error_is_said_by_its_class_and_in_its_own_words(configure):
    lines = configure()
    structlog.get_logger().warning("redis.unavailable", error=OSError("No space left on device"))
    assert lines()[0]["error"] == "OSError: No space left on device"


def test_records_of_other_libraries_take_the_same_form(configure):
    lines = configure()
    logging.getLogger("redis.connection").warning("lost %s", "the connection")
    (line,) = lines()
    assert [*line.values()][1:5] == ["warning", "lost the connection", "worker", "redis.connection"]


def test_python_warnings_are_logged(configure):
    lines = configure()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old habit", DeprecationWarning, stacklevel=1)
    assert "old habit" in lines()[0]["event"]


def test_job_is_named_inside_its_block_and_by_its_tasks_only(configure):
    lines = configure()
    log = structlog.get_logger()

    async def work() -> None:
        with job_context("abc", attempt=2):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(log.ainfo("task"))
            logging.getLogger("aiohttp.client").warning("library")
        log.info("after")

    asyncio.run(work())
    task, library, after = lines()
    assert (task["job"], task["attempt"]) == ("abc", 2)
    assert (library["job"], library["attempt"]) == ("abc", 2)
    assert list(task)[:7] == ["time", "level", "event", "service", "logger", "job", "attempt"]
    assert "job" not in after
    assert "attempt" not in after


def test_lines_below_the_level_are_dropped(configure):
    lines = configure(level="WARNING")
    structlog.get_logger().info("quiet")
    logging.getLogger("other").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines()] == ["loud"]


def test_access_log_is_silent_even_when_debugging(configure):
    lines = configure(level="DEBUG")
    logging.getLogger("aiohttp.access").info("GET /livez 200")
    structlog.get_logger().debug("heard")
    assert [line["event"] for line in lines()] == ["heard"]


def test_traceback_shows_no_variables(configure):
    lines = configure()
    words = ["make it", "snow"]
    prompt = " ".join(words)
    try:
        prompt.index("rain")
    except ValueError:
        structlog.get_logger().exception("job.failed")
    (line,) = lines()
    assert "ValueError: substring not found" in line["exception"]
    assert prompt not in json.dumps(line)


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://api.telegram.org/bot{TOKEN}/sendPhoto failed",
        f"token {TOKEN} refused",
        f"https://api.telegram.org/file/bot{TOKEN}/photos/1.jpg",
        "http://127.0.0.1:8090/bot42:short/getMe",
    ],
)
@pytest.mark.parametrize("console", [False, True])
def test_bot_token_never_reaches_the_log(text: str, console: bool):
    stream = io.StringIO()
    configure_logging(service="bot", stream=stream, console=console)
    try:
        raise OSError(text)
    except OSError as error:
        structlog.get_logger().exception("call.failed", url=text, error=str(error))
    written = stream.getvalue()
    assert "<token>" in written
    assert TOKEN not in written
    assert "42:short" not in written


def test_times_and_addresses_are_not_taken_for_tokens(configure):
    lines = configure()
    structlog.get_logger().info(
        "at", redis="redis://127.0.0.1:6379/0", image="192.168.100.200:5000/qwenedit_worker_image"
    )
    (line,) = lines()
    assert "<token>" not in json.dumps(line)


def test_crash_of_the_process_is_one_line(configure):
    lines = configure()
    try:
        raise RuntimeError("no way on")
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    (line,) = lines()
    assert line["level"] == "critical"
    assert "RuntimeError: no way on" in line["exception"]


@pytest.mark.parametrize("words", ["make my grandmother smile", 'a "quoted" wish', "сделай снег", "дом\nи сад", "snow"])
def test_users_words_are_in_no_line_of_the_block_however_they_are_quoted(configure, words):
    lines = configure()
    try:
        with redact_words(words):
            structlog.get_logger().info("one", detail=f"cannot do {words} here")
            structlog.get_logger().info("two", detail=f"cannot do {words!r}")
            raise ValueError(f"cannot do {words}")
    except ValueError:
        with redact_words(words):
            structlog.get_logger().exception("three")
    one, two, three = lines()
    assert one["detail"] == "cannot do <words> here"
    assert "<words>" in two["detail"]
    assert "ValueError: cannot do <words>" in three["exception"]


def test_words_that_were_cut_off_are_recognised_by_their_beginning(configure):
    lines = configure()
    with redact_words("make my grandmother smile"):
        structlog.get_logger().info("said", detail="cannot do make my grandm")
    assert lines()[0]["detail"] == "cannot do <words>"


def test_words_are_spoken_again_after_the_block(configure):
    lines = configure()
    with redact_words("make it snow"):
        pass
    structlog.get_logger().info("make it snow")
    assert lines()[0]["event"] == "make it snow"
