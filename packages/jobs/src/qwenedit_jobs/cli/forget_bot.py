"""`qwenedit forget-bot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, one_line
from qwenedit_jobs.redis import state_layout

if TYPE_CHECKING:
    from qwenedit_jobs.cli.installation import Installation


async def forget_bot(at: Installation) -> Answer:
    """Let another bot use this prefix of Redis."""
    owner = await state_layout.forget_bot(at.redis, at.keys)
    forgotten = "No bot is noted here" if owner is None else one_line(f"Bot {owner} is forgotten")
    return Answer(f"{forgotten}; the next one that starts with the prefix {at.keys.prefix} owns these keys.")
