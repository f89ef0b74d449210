"""Methods about chats and their members, and answers to presses of buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.methods import (
    AnswerCallbackQuery,
    GetChat,
    GetChatMember,
    GetChatMemberCount,
    LeaveChat,
    SetMessageReaction,
)
from aiogram.types import ReactionTypeEmoji

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.targets import conversation_of, message_of
from telegram_simulator.bot_api.render import chat_json, member_json
from telegram_simulator.common.errors import BadRequestError
from telegram_simulator.messages.model import Standing
from telegram_simulator.world.chats import Answered

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json

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


@answers(SetMessageReaction)
async def set_message_reaction(call: Call[SetMessageReaction]) -> bool:
    """React to a message."""
    method = call.method
    conversation = conversation_of(call, method.chat_id)
    message = message_of(conversation, method.message_id, "message to react")
    reactions = method.reaction or []
    if len(reactions) > 1 or any(not isinstance(reaction, ReactionTypeEmoji) for reaction in reactions):
        raise BadRequestError("REACTION_INVALID")
    emoji = tuple(reaction.emoji for reaction in reactions if isinstance(reaction, ReactionTypeEmoji))
    conversation.records[message.id].reactions = emoji
    conversation.pulse.beat()
    return True


@answers(GetChat)
async def get_chat(call: Call[GetChat]) -> Json:
    """Tell about a chat."""
    conversation = conversation_of(call, call.method.chat_id, write=False)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return {
        **chat_json(call.world, conversation),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


@answers(GetChatMember)
async def get_chat_member(call: Call[GetChatMember]) -> Json:
    """Tell whether somebody is in a chat."""
    conversation = conversation_of(call, call.method.chat_id, write=False)
    user_id = call.method.user_id
    if user_id == call.bot.me.id:
        return member_json(call.bot.me, conversation.standing, forbidden=conversation.forbidden)
    user = call.world.users.get(user_id)
    if user is None:
        raise BadRequestError("invalid user_id specified")
    return member_json(user, Standing.MEMBER if user_id in conversation.members else Standing.LEFT)


@answers(GetChatMemberCount)
async def get_chat_member_count(call: Call[GetChatMemberCount]) -> int:
    """Count the people in a chat, the bot among them."""
    return len(conversation_of(call, call.method.chat_id).members) + 1


@answers(LeaveChat)
async def leave_chat(call: Call[LeaveChat]) -> bool:
    """Leave a group."""
    conversation = conversation_of(call, call.method.chat_id)
    if not conversation.is_group:
        raise BadRequestError("chat member status can't be changed in private chats")
    conversation.standing = Standing.LEFT
    conversation.pulse.beat()
    return True
