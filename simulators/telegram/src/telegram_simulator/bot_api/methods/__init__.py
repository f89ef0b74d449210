"""The methods of the Bot API that the bot calls, a module for each area."""

from telegram_simulator.bot_api.methods import commands, editing, payments, sending, updates
from telegram_simulator.bot_api.methods.registry import Call, MethodResult, handler_of

__all__ = ["Call", "MethodResult", "commands", "editing", "handler_of", "payments", "sending", "updates"]
