"""What importing the queue's library brings along."""

import subprocess
import sys

CODE = """
import sys
import qwenedit_jobs

print("redis.asyncio" in sys.modules, "opentelemetry.sdk.metrics" in sys.modules)
import opentelemetry.sdk.metrics
print(opentelemetry.sdk.metrics.MeterProvider.__name__)
"""


def test_redis_brings_no_metrics_of_its_own_and_others_may_have_theirs() -> None:
    done = subprocess.run((sys.executable, "-c", CODE), stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "True False\nMeterProvider\n"
