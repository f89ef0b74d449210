"""All kinds of people who misuse the bot, and of misfortune that has the same effect."""

from __future__ import annotations

from proofs.neighbours.abusers import chats, files, floods, requests, storage
from proofs.neighbours.abusers.base import ALL, Abuser

__all__ = ["ALL", "Abuser", "chats", "files", "floods", "requests", "storage"]
