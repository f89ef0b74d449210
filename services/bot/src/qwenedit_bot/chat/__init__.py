"""The only way to Telegram: what can be said in a chat, at which pace, and how that can fail."""
