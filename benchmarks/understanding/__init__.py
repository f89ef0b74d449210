"""How well the bot's two readers understand what users write."""
