"""The request that a preset makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.edits.requests.request import Request

if TYPE_CHECKING:
    from qwenedit_bot.chat.messenger import Source
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
    )
