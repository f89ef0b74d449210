"""The methods of the Bot API that the simulator has, a module for each area."""

from telegram_simulator.bot_api.methods import (
    chats,
    commands,
    editing,
    files,
    payments,
    removing,
    sending,
    updates,
)
from telegram_simulator.bot_api.methods.registry import Call, Reply, handler_of

__all__ = [
    "Call", "Reply", "chats", "commands", "editing", "files", "handler_of", "payments", "removing",
    "sending", "updates",
]  # fmt: skip
