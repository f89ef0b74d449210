"""Fetches an edit's result: its file stays on the server, so that fetching it again costs no second on the GPU."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.errors import ComfyUIUnavailable, WorkflowRejected
from qwenedit_worker.comfyui.execution.png import DamagedPngError, NotPngError, picture_alone
from qwenedit_worker.comfyui.protocol.transport import MAX_PICTURE, TooLargeError

if TYPE_CHECKING:
    from qwenedit_worker.comfyui.protocol.api import Api
    from qwenedit_worker.comfyui.protocol.history import OutputFile

log = structlog.get_logger(__name__)


async def fetch(api: Api, file: OutputFile) -> bytes:
    """Fetch a result, again and again while that may help. The attempt's budget bounds it as well.

    Returns:
        A whole PNG, with nothing in it but the picture.

    Raises:
        WorkflowRejected: it is no PNG, or too large.
        ComfyUIUnavailable: it did not arrive whole. The attempt counts: the server has done its work.
    """
    for pause in (*timeouts.FETCH_PAUSES, None):
        try:
            return await asyncio.to_thread(picture_alone, await api.view(file))
        except (TooLargeError, NotPngError) as error:
            remedy = f"let the workflow end in SaveImage, whose result is a PNG, of up to {MAX_PICTURE} bytes"
            log.error("comfyui.result_unusable", file=file.filename, error=str(error), remedy=remedy)  # noqa: TRY400
            raise WorkflowRejected(f"the result {file.filename} is unusable: {error}") from error
        except (ComfyUIUnavailable, DamagedPngError) as error:
            problem = error
        if pause is not None:
            log.info("comfyui.fetch_retried", file=file.filename, error=str(problem))
            await asyncio.sleep(pause)
    raise ComfyUIUnavailable(f"the result {file.filename} cannot be fetched: {problem}", submitted=True) from problem
