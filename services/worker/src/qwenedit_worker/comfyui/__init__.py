"""All that the worker knows of ComfyUI; nothing else here speaks to it."""

from qwenedit_worker.comfyui.client import ComfyUI
from qwenedit_worker.comfyui.errors import (
    ComfyUIBusy,
    ComfyUIError,
    ComfyUIUnavailable,
    EditTimeout,
    ExecutionFailed,
    ModelMissing,
    OutOfMemory,
    PictureTooLarge,
    PictureUnreadable,
    ServerOutOfMemory,
    SilentExecutor,
    UnexpectedReply,
    WorkflowRejected,
)
from qwenedit_worker.comfyui.execution.folders import SharedFolders
from qwenedit_worker.comfyui.protocol.api import SystemStats
from qwenedit_worker.comfyui.server.executor_watch import ExecutorVerdict
from qwenedit_worker.comfyui.types import EditRequest, EditResult, EditStage, Progress
from qwenedit_worker.comfyui.workflow.graph import WorkflowFileError
from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow, Workflow, workflow_path

__all__ = [
    "BoundWorkflow",
    "ComfyUI",
    "ComfyUIBusy",
    "ComfyUIError",
    "ComfyUIUnavailable",
    "EditRequest",
    "EditResult",
    "EditStage",
    "EditTimeout",
    "ExecutionFailed",
    "ExecutorVerdict",
    "ModelMissing",
    "OutOfMemory",
    "PictureTooLarge",
    "PictureUnreadable",
    "Progress",
    "ServerOutOfMemory",
    "SharedFolders",
    "SilentExecutor",
    "SystemStats",
    "UnexpectedReply",
    "Workflow",
    "WorkflowFileError",
    "WorkflowRejected",
    "workflow_path",
]
