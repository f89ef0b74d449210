"""Erasing a user's data."""
