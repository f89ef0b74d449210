"""What the person who types `make run` may choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.processes.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 8090
SIMULATED_TOKEN = "1000000001:simulated-bot"  # noqa: S105 - the simulator takes any
HIGHEST_PORT = 65_535


class SettingError(StackError):
    """A setting that cannot be meant."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Choices, from the environment.

    Args:
        port: `PORT`: of the chat page.
        bot_token: `BOT_TOKEN`: of a real bot, which takes the simulator's place; None simulates Telegram.
        comfyui_url: `COMFYUI_URL`: of a real ComfyUI, which takes the simulator's place.
        workflow: `WORKFLOW`: a workflow's name, or an absolute path to one in API format.
    """

    port: int = DEFAULT_PORT
    bot_token: str | None = None
    comfyui_url: str | None = None
    workflow: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> StackSettings:
        """Read them.

        Raises:
            SettingError: one has no sense.
        """
        return cls(
            port=_port(environ.get("PORT") or str(DEFAULT_PORT)),
            bot_token=environ.get("BOT_TOKEN") or None,
            comfyui_url=environ.get("COMFYUI_URL") or None,
            workflow=_workflow(environ.get("WORKFLOW") or None),
        )


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port <= HIGHEST_PORT:
        raise SettingError(f"PORT is {text!r}: it must be a number from 1 to {HIGHEST_PORT}")
    return port


def _workflow(text: str | None) -> str | None:
    """Make a path absolute, so that it holds in the worker's folder too."""
    if text is None or not text.endswith(".json"):
        return text
    path = Path(text).resolve()
    if not path.is_file():
        raise SettingError(f"WORKFLOW is {text!r}: there is no such file")
    return str(path)
