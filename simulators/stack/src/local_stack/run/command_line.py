"""The command line of `python -m local_stack`: it has no options, and says so."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

SETTINGS = """\
Settings are environment variables, or lines of a .env file in the working directory:
  DATA          a folder for all data; if unset, everything is deleted at the end
  PORT          port of the chat page (8090)
  BOT_TOKEN     token of a real bot from @BotFather, instead of the simulated Telegram
  COMFYUI_URL   address of a real ComfyUI, instead of the simulated one
  WORKFLOW      a workflow's name, or the path of one in API format
docs/configuration.md lists those of bot and worker, which also apply. `make run` sets the same variables.
"""


def parse_arguments(arguments: Sequence[str] | None = None, environment: MutableMapping[str, str] = os.environ) -> None:
    """Read the command line, and add the variables of the `.env` file that are not set.

    Raises:
        SystemExit: help or an unknown option was requested.
    """
    parser = argparse.ArgumentParser(
        prog="python -m local_stack",
        description="Run Redis, bot and worker as processes of this machine, with simulators for what isn't set.",
        epilog=SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    if path := environment.get("ENV_FILE", ".env"):
        # The services read the file as well, and refuse what is wrong in it.
        for name, value in dotenv_values(path, interpolate=False, encoding="utf-8-sig").items():
            environment.setdefault(name.upper(), value or "")
