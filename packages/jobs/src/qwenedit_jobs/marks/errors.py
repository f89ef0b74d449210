"""Why a picture cannot be marked, or its marks cannot be read."""

from __future__ import annotations


class MarkError(Exception):
    """A mark could not be made or read."""


class UnmarkableError(MarkError):
    """A picture is neither PNG nor JPEG."""

    def __init__(self) -> None:
        super().__init__("neither PNG nor JPEG")


class C2paError(MarkError):
    """A manifest could not be signed or read."""


class CredentialsError(C2paError):
    """Certificate and key cannot sign, for a reason in an operator's words."""


class SigningError(C2paError):
    """The library for C2PA does not sign."""


class LibraryMissingError(C2paError):
    """The library for C2PA is not installed."""

    def __init__(self) -> None:
        super().__init__("c2pa-python is not installed: the bot's image has it; elsewhere, pip install c2pa-python")
