"""Jobs of presets: what is asked for, and that it is offered first from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.edits.requests.request import Request, RequestOutcome

if TYPE_CHECKING:
    from qwenedit_bot.chat.messenger import Source
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.presets.catalogue import Preset
    from qwenedit_bot.texts import Words


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


async def submit(request: Request, words: Words, services: Services) -> RequestOutcome:
    """Ask for the job, and offer its preset to the user first from then on."""
    outcome = await services.submit(request, words)
    if outcome is RequestOutcome.ACCEPTED and request.preset is not None:
        await services.recent_presets.note(request.user_id, request.preset)
    return outcome
