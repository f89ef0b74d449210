"""The methods of the Bot API that the bot calls, a module for each area."""

from telegram_simulator.bot_api.methods import editing, payments, sending, updates
from telegram_simulator.bot_api.methods.registry import Call, handler_of

__all__ = ["Call", "editing", "handler_of", "payments", "sending", "updates"]
