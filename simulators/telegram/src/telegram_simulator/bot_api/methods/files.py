"""The methods by which a bot fetches files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.methods import GetFile

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.render import file_json
from telegram_simulator.common.errors import BadRequestError

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json

MAX_DOWNLOAD = 20 << 20
"""Bytes of a file that a bot may fetch (https://core.telegram.org/bots/api#getfile)."""


@answers(GetFile)
async def get_file(call: Call[GetFile]) -> Json:
    """Tell where a file can be fetched."""
    file = call.bot.files.find(call.method.file_id)
    if file is None:
        raise BadRequestError("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD:
        raise BadRequestError("file is too big")
    return {**file_json(file), "file_path": file.path}
