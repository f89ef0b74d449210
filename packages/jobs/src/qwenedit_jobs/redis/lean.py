"""redis-py as it is where OpenTelemetry's metrics are not installed; import this before redis.

redis-py 8 imports OpenTelemetry's SDK of metrics where it finds one, as it does beside our traces: 2 MB of memory in
each process for figures that nobody asks of it.
"""

import sys
from typing import Any

_SDK = "opentelemetry.sdk.metrics"


def _import_redis() -> None:
    modules: dict[str, Any] = sys.modules
    modules[_SDK] = None  # makes an import of it fail
    try:
        import redis.asyncio  # noqa: F401, PLC0415
    finally:
        del modules[_SDK]


if "redis" not in sys.modules and _SDK not in sys.modules:
    _import_redis()
