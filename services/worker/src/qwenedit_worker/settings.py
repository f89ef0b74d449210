"""The worker's settings, with the names and ranges that operators know."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from qwenedit_jobs import RedisSettings, durations
from qwenedit_jobs.settings import LogLevel  # noqa: TC001 - pydantic reads the annotations
from qwenedit_worker import timeouts


class WorkerSettings(RedisSettings):
    """Settings of a worker, from its environment. Times are in seconds."""

    probe_port: int = Field(default=8080, ge=0, le=65535, description="port of the probes and metrics; 0 is a free one")

    worker_polling_interval: float = Field(
        default=1.0,
        ge=0.5,
        le=timeouts.LONGEST_CLAIM,
        description="seconds of the first wait on an empty queue; each is as much longer, up to 5; a job ends it",
    )
    worker_lease: float = Field(
        default=durations.LEASE,
        ge=10,
        le=120,
        description="seconds until a silent worker's job goes to another one",
    )
    worker_gpu_lock_timeout: float = Field(
        default=30.0,
        ge=10,
        le=60,
        description="seconds to wait for a shared ComfyUI before the job goes back, unharmed",
    )
    worker_warm_up: bool = Field(
        default=True,
        description="load the model of the pod's own ComfyUI before the first job; false: the first job does",
    )
    worker_log_level: LogLevel = Field(default="INFO", description="how much is logged")

    comfyui_url: str = Field(
        default="http://127.0.0.1:8188",
        pattern=r"^https?://[^/\s]+",
        description="ComfyUI's address, http:// or https://",
    )
    comfyui_timeout: float = Field(
        default=timeouts.EDIT,
        ge=150,
        le=86_400,
        description="seconds, the budget of one attempt; the pod's grace period is derived from it",
    )
    comfyui_poll_interval: float = Field(
        default=0.25,
        ge=0.1,
        le=1,
        description="seconds between questions to ComfyUI while its websocket is lost",
    )
    workflow: str = Field(
        default="qwen-image-edit-2511-fast",
        min_length=1,
        description="a name in WORKFLOWS_DIR, or the path of a workflow in API format (.json)",
    )
    workflows_dir: Path = Field(default=Path("/app/workflows"), description="where the workflows lie")
    comfyui_base_dir: Path | None = Field(
        default=None,
        description="the folder with ComfyUI's `input` and `output` where this process can reach it: photos and "
        "results are deleted there after use",
    )
