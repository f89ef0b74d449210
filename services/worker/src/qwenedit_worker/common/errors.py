"""What goes wrong in the worker itself; ComfyUI's errors are in `qwenedit_worker.comfyui`."""

from __future__ import annotations


class QueueUnavailableError(Exception):
    """Redis did not carry out a call, or its reply was lost. Every call may be repeated."""


class QueueStorageFullError(QueueUnavailableError):
    """Redis has no room for a result's picture, whatever it deletes to make some."""


class QueueForbiddenError(QueueUnavailableError):
    """Redis' user for workers lacks a right that this version needs."""
