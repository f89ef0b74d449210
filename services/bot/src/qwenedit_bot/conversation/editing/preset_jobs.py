"""Jobs of presets: what is asked for, and whether it is being worked on already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.edits.requests.request import Request

if TYPE_CHECKING:
    from qwenedit_bot.chat.messenger import Source
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.presets.catalogue import Preset


def request_of(
    ids: JobIds,
    source: Source,
    user_id: int,
    preset: Preset,
    pictures: tuple[Attachment | StoredPicture, ...],
    discriminator: str,
) -> Request:
    """Return the request for a preset's edit of these pictures."""
    return Request(
        ids=ids,
        source=source,
        user_id=user_id,
        attachments=pictures[: preset.photos],
        instruction=preset.prompt,
        workflow=preset.workflow,
        parameters=preset.parameters,
        discriminator=discriminator,
        preset=preset.id,
    )


async def in_the_works(request: Request, services: Services) -> bool:
    """Whether the same edit of the same photo is not finished yet, as when a button is pressed twice."""
    unfinished = await services.queue.unfinished_ids_of(request.user_id)
    for status in await services.queue.statuses(unfinished):
        reply = status.job.reply
        if (
            status.job.id != request.job_id
            and reply is not None
            and (reply.chat_id, reply.source_message_id) == (request.source.chat_id, request.source.message_id)
            and status.job.edit.prompt == request.instruction
        ):
            return True
    return False
