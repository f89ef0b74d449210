"""The only way to Telegram: what can be said in a chat, at which pace, who speaks, and how that can fail."""
