"""Lets every library speak, those too that the services keep quiet. By PYTHONPATH: Python imports it at each start."""

from qwenedit_bot.common import timeouts
from qwenedit_telemetry import logs

logs.QUIET.clear()
timeouts.MODERATION_ATTEMPT = 60.0  # so much speech takes time on a busy machine
