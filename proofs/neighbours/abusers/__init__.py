"""All kinds of people who misuse the bot, and of misfortune that has the same effect."""

from __future__ import annotations

from proofs.neighbours.abusers import chats, files, floods, requests, storage
from proofs.neighbours.abusers.base import Abuser

ALL: tuple[type[Abuser], ...] = (*floods.ALL, *chats.ALL, *files.ALL, *storage.ALL, *requests.ALL)

__all__ = ["ALL", "Abuser"]
