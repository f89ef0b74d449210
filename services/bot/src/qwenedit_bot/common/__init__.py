"""Shared by all of the bot: Redis keys, metrics, declarations of personal data, timeouts, waiting."""
