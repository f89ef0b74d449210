"""Lets every library speak, those too that the services keep quiet. By PYTHONPATH: Python imports it at each start."""

from qwenedit_telemetry import logs

logs.QUIET.clear()
