"""Queues on Redis that a team would otherwise install, measured beside ours."""
