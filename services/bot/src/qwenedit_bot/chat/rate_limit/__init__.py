"""Telegram's limits, kept for all replicas."""
