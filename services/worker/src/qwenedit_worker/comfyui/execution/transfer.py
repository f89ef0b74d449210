"""Uploads an edit's pictures and fetches its result, over HTTP.

A result lies on the server until it is fetched, so fetching it again costs no second on the GPU.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_worker.comfyui.errors import ComfyUIError, ComfyUIUnavailable, ResultUnusable, UnexpectedReply
from qwenedit_worker.comfyui.execution.png import SIGNATURE, DamagedPngError, NotPngError, picture_alone
from qwenedit_worker.comfyui.protocol.transport import MAX_PICTURE, NotSentError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenedit_worker.comfyui.protocol.api import Api
    from qwenedit_worker.comfyui.protocol.history import OutputFile

log = structlog.get_logger(__name__)

PAUSES = (0.25, 0.5, 1.0, 2.0)
"""Seconds between the fetches of one result. With each one silent that is half a minute, which a server whose event
loop stalls, because it loads a model for the next prompt, needs as well."""


class PictureGoneError(ComfyUIUnavailable):
    """The server does not have the file that it has named."""


async def upload(api: Api, pictures: Sequence[bytes], *, folder: str) -> tuple[str, ...]:
    """Store pictures in a folder of the server's input, and return their names as LoadImage takes them.

    Raises:
        PictureTooLarge: one is above the server's upload limit.
        ComfyUIUnavailable: no sane reply.
    """
    return tuple(
        [
            await api.upload(picture, folder=folder, name=f"picture-{number}{_suffix(picture)}")
            for number, picture in enumerate(pictures, start=1)
        ]
    )


async def fetch(api: Api, file: OutputFile, *, on_gone: Callable[[], None]) -> bytes:
    """Fetch a result, again and again while that may help. The attempt's budget bounds it as well.

    Args:
        api: The server's endpoints.
        file: The result.
        on_gone: Called when the server takes no connection.

    Returns:
        A whole PNG, with nothing in it but the picture.

    Raises:
        ResultUnusable: it is no PNG, or too large.
        ComfyUIUnavailable: it did not arrive whole. The attempt counts: the server has done its work.
    """
    pauses = iter(PAUSES)
    while True:
        try:
            return await _fetch(api, file)
        except (ComfyUIUnavailable, NotPngError) as error:
            if isinstance(error, NotSentError):
                on_gone()
            pause = next(pauses, None)
            if pause is None or _lasting(error):
                raise _given_up(file, error) from error
            log.info("comfyui.fetch_retried", file=file.filename, error=str(error))
        await asyncio.sleep(pause)


async def _fetch(api: Api, file: OutputFile) -> bytes:
    sent = await api.view(file)
    if sent is None:
        raise PictureGoneError(f"the picture {file.filename} is gone from the server")
    try:
        return await asyncio.to_thread(picture_alone, sent)
    except DamagedPngError as error:
        raise UnexpectedReply(f"the picture {file.filename} is damaged: {error}") from error


def _lasting(error: Exception) -> bool:
    """Whether the next fetch would end alike: the server has sent all of what it has, or has nothing."""
    match error:
        case TooLargeError() | PictureGoneError():
            return True
        case NotPngError(format=str()):
            return True
        case _:
            return False


def _given_up(file: OutputFile, error: Exception) -> ComfyUIError:
    match error:
        case TooLargeError() | NotPngError():
            log.error(
                "comfyui.result_unusable",
                file=file.filename,
                error=str(error),
                remedy=f"let the workflow end in SaveImage, whose result is a PNG, of up to {MAX_PICTURE} bytes",
            )
            return ResultUnusable(f"the result {file.filename} is unusable: {error}")
        case _:
            return ComfyUIUnavailable(f"the result {file.filename} cannot be fetched: {error}", submitted=True)


def _suffix(picture: bytes) -> str:
    """A file name's ending for a picture. ComfyUI looks at the bytes; people look at names."""
    if picture.startswith(SIGNATURE):
        return ".png"
    if picture.startswith(b"RIFF") and picture[8:12] == b"WEBP":
        return ".webp"
    return ".jpg"
