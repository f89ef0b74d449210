"""Logs: one JSON object a line, or readable text on a terminal; every library's records through the same pipe."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from qwenedit_telemetry import tracing
from qwenedit_telemetry.recent_troubles import note
from qwenedit_telemetry.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
QUIET = {
    "aiohttp.access": logging.WARNING,
    "aiogram.event": logging.WARNING,
    "asyncio": logging.INFO,
    "PIL": logging.INFO,
    "urllib3": logging.WARNING,
}
"""Loggers that write a line for each request, update, selector or piece of a picture, and the level from which they
are heard."""

_FIRST = ("time", "level", "event", "service", "logger", "job", "attempt")


def configure_logging(
    *,
    service: str,
    level: str = "INFO",
    constants: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
    console: bool | None = None,
) -> None:
    """Send all logs of this process to one stream, in one form. A later call replaces an earlier one.

    Args:
        service: Named in each line.
        level: One of `LEVELS`.
        constants: More fields for each line, such as the worker's name.
        stream: Where to; the standard output by default.
        console: Readable text instead of JSON; by default where the stream is a terminal.

    Raises:
        ValueError: the level is none of `LEVELS`.
    """
    if level not in LEVELS:
        raise ValueError(f"{level!r} is no log level: choose from {', '.join(LEVELS)}")
    stream = stream if stream is not None else sys.stdout
    console = stream.isatty() if console is None else console
    shared = _shared_processors({"service": service, **(constants or {})})
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(console)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _log_crash


def job_context(job_id: str, *, attempt: int | None = None) -> AbstractContextManager[None]:
    """Name the job, and its attempt, in every line that is logged inside the `with` block and by its tasks."""
    fields: dict[str, Any] = {"job": job_id}
    if attempt is not None:
        fields["attempt"] = attempt
    return structlog.contextvars.bound_contextvars(**fields)


def _shared_processors(constants: dict[str, str]) -> list[Processor]:
    def add_constants(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**constants, **event}

    return [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _say_errors,
        _note_trouble,
        add_constants,
    ]


def _rendering(console: bool) -> list[Processor]:  # noqa: FBT001 - private, one caller
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if console:
        renderer = structlog.dev.ConsoleRenderer(
            timestamp_key="time", exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
        return [strip, _short_time, renderer, _redact]
    return [
        strip,
        # The text of a traceback and not its frames' variables: those hold prompts and pictures.
        structlog.processors.format_exc_info,
        _order,
        structlog.processors.JSONRenderer(default=str),
        _redact,
    ]


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the span in which a line was logged, so that one finds the other."""
    ids = tracing.current_ids()
    if ids is not None:
        event["trace_id"], event["span_id"] = ids
    return event


def _say_errors(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an error by its class and text."""
    for name, error in event.items():
        if isinstance(error, Exception) and name != "exc_info":
            event[name] = f"{type(error).__name__}: {error}"
    return event


def _note_trouble(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    note(event, redact)
    return event


def _redact(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return redact(line)


def _order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put what every line has first, so that the eye finds it."""
    return {**{key: event[key] for key in _FIRST if key in event}, **event}


def _short_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Shorten the time to the time of day, for terminals."""
    event["time"] = event["time"][11:23]
    return event


def _log_crash(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.get_logger(__name__).critical("process.crashed", exc_info=(kind, error, traceback))
