"""Logs, metrics, traces and the probe server, set up by every service in one call: `setup`."""

from qwenedit_telemetry.http_server import HttpServer
from qwenedit_telemetry.logs import LEVELS, configure_logging, job_context
from qwenedit_telemetry.metrics import JOB_BUCKETS, job_seconds, make_registry, open_sockets, picture_calls
from qwenedit_telemetry.probes import HEALTHY, Check, Health, ProbeServer
from qwenedit_telemetry.recent_troubles import troubles
from qwenedit_telemetry.redaction import redact_words
from qwenedit_telemetry.setup import Telemetry, setup

__all__ = [
    "HEALTHY",
    "JOB_BUCKETS",
    "LEVELS",
    "Check",
    "Health",
    "HttpServer",
    "ProbeServer",
    "Telemetry",
    "configure_logging",
    "job_context",
    "job_seconds",
    "make_registry",
    "open_sockets",
    "picture_calls",
    "redact_words",
    "setup",
    "troubles",
]
