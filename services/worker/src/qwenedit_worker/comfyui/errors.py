"""Why an edit failed, in the terms that decide what happens to the job next.

ComfyUIError                 everything this package raises on purpose
├── ComfyUIUnavailable       the server, not the job: try again, here or elsewhere
│   ├── UnexpectedReply      something answered, but not as ComfyUI does
│   └── SilentExecutor       HTTP answers while nothing is executed any more
├── ComfyUIBusy              others' prompts came first for too long: the job goes back unharmed
├── ModelMissing             this server lacks a model file: not ready, the job goes back unharmed
├── WorkflowRejected         our workflow or our deployment is wrong: permanent, somebody must look
├── ExecutionFailed          the server executed it and failed: permanent
│   ├── PictureUnreadable    … at loading the user's picture
│   └── OutOfMemory          … because GPU memory ran out; it was freed since, so one more try is worth it
│       └── ServerOutOfMemory    … whatever the picture: a model was being loaded, or the size is the model's own
├── PictureTooLarge          above the server's upload limit: permanent
└── EditTimeout              the deadline passed: counts as an attempt
"""
# ruff: noqa: N818 -- named for what happened, as httpx's are: half of these are no error of ours

from __future__ import annotations


class ComfyUIError(Exception):
    """Base of everything that this package raises on purpose.

    Args:
        message: may hold words of the server; it is cut to 2,000 characters, and to what UTF-8 can write.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message[:2000].encode(errors="replace").decode())


class ComfyUIUnavailable(ComfyUIError):
    """The server can't be reached, restarted, lost the prompt, made no picture, or was interrupted by another client.

    Attributes:
        submitted: whether the server had accepted the prompt (or may have), so that the attempt counts.
    """

    def __init__(self, message: str, *, submitted: bool = False) -> None:
        super().__init__(message)
        self.submitted = submitted


class UnexpectedReply(ComfyUIUnavailable):
    """The reply is not one of ComfyUI's: not JSON, lacking a field, larger than any sane one, or a 5xx."""


class SilentExecutor(ComfyUIUnavailable):
    """The server takes prompts and executes none: its executor thread is gone and it needs a restart."""


class ComfyUIBusy(ComfyUIError):
    """The prompt waited for others' prompts for as long as it may; it has been taken back."""


class ModelMissing(ComfyUIError):
    """The server lacks a model file that the workflow loads."""


class WorkflowRejected(ComfyUIError):
    """The server cannot execute this graph, or makes no PNG of it, whatever the picture and the prompt."""


class ExecutionFailed(ComfyUIError):
    """A node raised an exception, or the execution failed without a word."""


class PictureUnreadable(ExecutionFailed):
    """The node that loads the user's picture could not decode it."""


class OutOfMemory(ExecutionFailed):
    """The GPU's memory did not suffice; the server has been asked to free what it holds."""


class ServerOutOfMemory(OutOfMemory):
    """It did not suffice for a model, or for a picture of the model's own size: no smaller photo would help."""


class PictureTooLarge(ComfyUIError):
    """The server refused the upload for its size (`--max-upload-size`)."""


class EditTimeout(ComfyUIError):
    """The deadline passed before there was a picture; the prompt has been cancelled as far as possible."""
