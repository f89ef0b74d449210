"""What the person who types `make run` may choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.processes.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 8090
DEFAULT_JOB_SECONDS = 300.0
"""The worker's own default."""
SIMULATED_TOKEN = "1000000001:simulated-bot"  # noqa: S105 - the simulator takes any
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Choices, from the environment.

    Args:
        port: `PORT`: of the chat page.
        bot_token: `BOT_TOKEN`: of a real bot, which takes the simulator's place; None simulates Telegram.
        comfyui_url: `COMFYUI_URL`: of a real ComfyUI, which takes the simulator's place.
        workflow: `WORKFLOW`: a workflow's name, or an absolute path to one in API format.
        data: `DATA`: a folder that outlives the run, for all that is kept; None keeps nothing.
        job_seconds: `COMFYUI_TIMEOUT`: the longest that a worker may take for the job in hand.
    """

    port: int = DEFAULT_PORT
    bot_token: str | None = None
    comfyui_url: str | None = None
    workflow: str | None = None
    data: Path | None = None
    job_seconds: float = DEFAULT_JOB_SECONDS

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> StackSettings:
        """Read them.

        Raises:
            StackError: one has no sense.
        """
        return cls(
            port=_port(environ.get("PORT") or str(DEFAULT_PORT)),
            bot_token=environ.get("BOT_TOKEN") or None,
            comfyui_url=environ.get("COMFYUI_URL") or None,
            workflow=_workflow(environ.get("WORKFLOW") or None),
            data=_folder(environ.get("DATA") or None),
            job_seconds=_seconds(environ.get("COMFYUI_TIMEOUT")),
        )


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port <= HIGHEST_PORT:
        raise StackError(f"PORT is {text!r}: it must be a number from 1 to {HIGHEST_PORT}")
    return port


def _workflow(text: str | None) -> str | None:
    """Make a path absolute, so that it holds in the worker's folder too."""
    if text is None or not text.endswith(".json"):
        return text
    path = Path(text).resolve()
    if not path.is_file():
        raise StackError(f"WORKFLOW is {text!r}: there is no such file")
    return str(path)


def _folder(text: str | None) -> Path | None:
    """Make it absolute, also where the shell has left a `~` as it is."""
    if text is None:
        return None
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError as error:
        raise StackError(f"DATA is {text!r}: {error}") from error


def _seconds(text: str | None) -> float:
    """Read a number; the worker refuses what is none, with the range."""
    try:
        return float(text or DEFAULT_JOB_SECONDS)
    except ValueError:
        return DEFAULT_JOB_SECONDS
