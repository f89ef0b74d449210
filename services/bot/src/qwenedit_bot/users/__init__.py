"""Users: their identity, their right to use the bot, and their language."""
