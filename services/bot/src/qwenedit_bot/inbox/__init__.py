"""Updates from Telegram: received, kept in Redis, and handed out in turn."""
