"""The product's parts: how each is started, and what it is told of the others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.processes.part import Part, python_module
from local_stack.processes.ports import HOST, free_port
from local_stack.processes.ready import Ready, by_http, by_line

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKFLOWS = Path(__file__).resolve().parents[4] / "services" / "comfyui" / "workflows"
"""In the repository: this package runs from nowhere else."""


class TelegramSimulator(Part):
    """The simulated Bot API and its chat page.

    Args:
        env: Its environment.
        temp_dir: Where the files of its chats lie while it runs. Emptied at each start: a simulator that was killed
            leaves them, and the next one knows none of them.
        port: 0 takes a free one, and keeps it.
    """

    def __init__(self, *, env: Mapping[str, str], temp_dir: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._temp_dir = temp_dir
        super().__init__(
            "telegram",
            python_module("telegram_simulator", "--host", HOST, "--port", str(self.port)),
            env={**env, "TMPDIR": str(temp_dir)},
            ready=by_line(r"^Telegram simulator: http"),
        )

    async def launch(self) -> None:
        """Start its process in an empty folder."""
        if not self.running:
            shutil.rmtree(self._temp_dir, ignore_errors=True)
            self._temp_dir.mkdir(parents=True)
        await super().launch()

    @property
    def url(self) -> str:
        """Of the Bot API, the page and the simulator's controls."""
        return f"http://{HOST}:{self.port}"


class ComfyUISimulator(Part):
    """The simulated ComfyUI.

    Args:
        env: Its environment.
        data_dir: Where its input and output folders lie.
        port: 0 takes a free one, and keeps it.
        step_seconds: How long one step of an edit takes.
        load_seconds: How long the first edit loads the model.
    """

    def __init__(
        self,
        *,
        env: Mapping[str, str],
        data_dir: Path,
        port: int = 0,
        step_seconds: float = 0.5,
        load_seconds: float = 0.0,
    ) -> None:
        self.port = port or free_port()
        self._data_dir = data_dir
        super().__init__(
            "comfyui",
            python_module(
                "comfyui_simulator",
                *("--host", HOST),
                *("--port", str(self.port)),
                *("--step-seconds", str(step_seconds)),
                *("--load-seconds", str(load_seconds)),
                *("--data-dir", str(data_dir)),
            ),
            env=env,
            ready=by_line(r"^ComfyUI simulator: http"),
        )

    @property
    def url(self) -> str:
        """What the worker takes as `COMFYUI_URL`."""
        return f"http://{HOST}:{self.port}"

    @property
    def shared_folders(self) -> dict[str, str]:
        """Settings of a worker that can reach ComfyUI's folders, as in a pod, and deletes pictures there."""
        return {"COMFYUI_BASE_DIR": str(self._data_dir)}


class Service(Part):
    """A service of ours; ready when its `/readyz` says so.

    Args:
        name: Stands before its lines.
        module: What runs.
        env: Its environment, without the probes' port: it gets a free one.
        ready: Another way to find out that it is ready.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *,
        env: Mapping[str, str],
        ready: Ready | None = None,
    ) -> None:
        self.probe_url = f"http://{HOST}:{(port := free_port())}"
        super().__init__(
            name,
            python_module(module),
            env={**env, "PROBE_HOST": HOST, "PROBE_PORT": str(port)},
            ready=ready or by_http(f"{self.probe_url}/readyz"),
        )


def bot(
    *,
    env: Mapping[str, str],
    redis_url: str,
    token: str,
    telegram_url: str | None,
    name: str = "bot",
    service: type[Service] = Service,
) -> Service:
    """Make the bot; without `telegram_url` it speaks to the real Telegram."""
    settings = {"REDIS_URL": redis_url, "BOT_TOKEN": token}
    if telegram_url is not None:
        settings["TELEGRAM_API_URL"] = telegram_url
    return service(name, "qwenedit_bot", env={"POD_NAME": name, **env, **settings})


def worker(
    *,
    env: Mapping[str, str],
    redis_url: str,
    comfyui_url: str,
    name: str = "worker",
    ready: Ready | None = None,
) -> Service:
    """Make a worker, named in Redis as here."""
    settings = {
        "REDIS_URL": redis_url,
        "COMFYUI_URL": comfyui_url,
        "WORKFLOWS_DIR": str(WORKFLOWS),
    }
    return Service(name, "qwenedit_worker", env={"POD_NAME": name, **env, **settings}, ready=ready)
