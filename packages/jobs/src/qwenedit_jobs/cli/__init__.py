"""The command `qwenedit`, for operators, in the images of bot and worker."""

from qwenedit_jobs.cli.command_line import main

__all__ = ["main"]
