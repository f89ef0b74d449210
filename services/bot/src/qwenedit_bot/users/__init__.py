"""Users: their right to use the bot, their language, and one text to all of them."""
