"""Pictures on their way to the server and back: through its folders where this process has them, else over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_worker.comfyui.errors import ComfyUIUnavailable, UnexpectedReply
from qwenedit_worker.comfyui.execution.png import SIGNATURE, DamagedPngError, picture_alone
from qwenedit_worker.comfyui.protocol.transport import MAX_PICTURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_worker.comfyui.execution.folders import SharedFolders
    from qwenedit_worker.comfyui.protocol.api import Api
    from qwenedit_worker.comfyui.protocol.history import OutputFile

log = structlog.get_logger(__name__)


class PictureGoneError(ComfyUIUnavailable):
    """The server does not have the file that it has named."""


class Exchange:
    """Hands pictures in and fetches results.

    A folder is a short cut and decides nothing: where it fails, or the server does not find in it what was put there,
    the server is asked over HTTP, and what it answers counts.

    Args:
        api: The server's endpoints.
        folders: The server's, as this process sees them; None sends everything over HTTP.
    """

    def __init__(self, api: Api, folders: SharedFolders | None) -> None:
        self._api = api
        self._folders = folders

    async def put(self, pictures: Sequence[bytes], *, folder: str) -> tuple[str, ...]:
        """Store pictures in a folder of the server's input, and return their names as LoadImage takes them.

        Raises:
            PictureTooLarge: one is above the server's upload limit.
            ComfyUIUnavailable: no sane reply.
        """
        named = {f"picture-{number}{_suffix(picture)}": picture for number, picture in enumerate(pictures, start=1)}
        if self._folders is not None:
            try:
                return await asyncio.to_thread(self._folders.write, folder, named)
            except OSError as error:
                log.warning("comfyui.folder_refused", error=str(error), remedy="the picture is uploaded")
        return tuple([await self._api.upload(picture, folder=folder, name=name) for name, picture in named.items()])

    async def get(self, file: OutputFile) -> bytes:
        """Fetch a result: a whole PNG, with nothing in it but the picture.

        Raises:
            NotPngError: it is no PNG.
            TooLargeError: it is larger than `MAX_PICTURE`.
            PictureGoneError: the server does not have it.
            ComfyUIUnavailable: no sane reply, or the picture is damaged.
        """
        if (found := await self.look(file)) is not None:
            return found
        sent = await self._api.view(file)
        if sent is None:
            raise PictureGoneError(f"the picture {file.filename} is gone from the server")
        try:
            return await asyncio.to_thread(picture_alone, sent)
        except DamagedPngError as error:
            raise UnexpectedReply(f"the picture {file.filename} is damaged: {error}") from error

    async def look(self, file: OutputFile) -> bytes | None:
        """Fetch a result without asking the server; None where that cannot be done."""
        if self._folders is None or file.type != "output":
            return None
        try:
            return await asyncio.to_thread(self._read, self._folders, f"{file.subfolder}/{file.filename}")
        except (OSError, ValueError) as error:
            log.info("comfyui.folder_lacks", error=str(error))
            return None

    @staticmethod
    def _read(folders: SharedFolders, name: str) -> bytes:
        return picture_alone(folders.read(name, limit=MAX_PICTURE))

    def distrust(self) -> bool:
        """Use the folders no more: the server did not find what was put there. No where they are not used anyway."""
        if self._folders is None:
            return False
        self._folders = None
        log.warning(
            "comfyui.folder_not_shared",
            remedy="pictures are sent over HTTP from now on; is COMFYUI_INPUT_DIR this ComfyUI's input folder?",
        )
        return True


def _suffix(picture: bytes) -> str:
    """A file name's ending for a picture. ComfyUI looks at the bytes; people look at names."""
    if picture.startswith(SIGNATURE):
        return ".png"
    if picture.startswith(b"RIFF") and picture[8:12] == b"WEBP":
        return ".webp"
    return ".jpg"
