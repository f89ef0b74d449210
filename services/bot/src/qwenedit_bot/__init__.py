"""The bot: receives updates from Telegram, makes jobs of photos, and answers each job once."""
