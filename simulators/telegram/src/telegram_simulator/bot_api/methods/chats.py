"""Answers to presses of buttons."""

from __future__ import annotations

from aiogram.methods import (
    AnswerCallbackQuery,
)

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.common.errors import BadRequestError
from telegram_simulator.world.chats import Answered

MAX_ANSWER = 200
"""Characters (https://core.telegram.org/bots/api#answercallbackquery)."""


@answers(AnswerCallbackQuery)
async def answer_callback_query(call: Call[AnswerCallbackQuery]) -> bool:
    """Answer a press of a button, once."""
    method = call.method
    if len(method.text or "") > MAX_ANSWER:
        raise BadRequestError("MESSAGE_TOO_LONG")
    query = call.bot.queries.pop(method.callback_query_id, None)
    if query is None:
        raise BadRequestError("query is too old and response timeout expired or query ID is invalid")
    answer = Answered(query.user_id, method.callback_query_id, method.text or "", bool(method.show_alert))
    call.bot.conversations[query.chat_id].tell(answer)
    return True
