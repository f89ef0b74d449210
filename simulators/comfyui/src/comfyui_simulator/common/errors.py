"""What can go wrong inside a simulated prompt, and what a caller can get wrong.

SimulatorError
├── Interrupted          the prompt was cancelled
├── Killed               the executor is to die of it, as of a bug
├── Vanished             the prompt is to leave no trace
├── Stopped              this life of the server is over
├── NodeError          a node raised; carries ComfyUI's name for the exception
├── ForbiddenPathError        a name leads outside its directory
└── FaultError             the control endpoint was asked for something that does not exist
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Base of all of them."""


class Interrupted(SimulatorError):  # noqa: N818  # an ending, not an error
    """Somebody interrupted the running prompt."""


class Killed(SimulatorError):  # noqa: N818  # an ending, not an error
    """The executor ends with the running prompt still in its hands, as by a bug of the server's."""


class Vanished(SimulatorError):  # noqa: N818  # an ending, not an error
    """The running prompt disappears: no event, no history."""


class Stopped(SimulatorError):  # noqa: N818  # an ending, not an error
    """The server this executor belongs to has been restarted or closed."""


class NodeError(SimulatorError):
    """A node failed.

    Attributes:
        exception_type: The name that ComfyUI would report, such as `torch.OutOfMemoryError`.
    """

    def __init__(self, message: str, *, exception_type: str = "RuntimeError") -> None:
        super().__init__(message)
        self.exception_type = exception_type


class ForbiddenPathError(SimulatorError):
    """A file name that leads outside the directory it belongs to."""


class FaultError(SimulatorError):
    """An unknown fault, or a parameter it does not take."""
