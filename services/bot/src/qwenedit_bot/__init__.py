"""The bot: receives updates from Telegram, makes jobs of photos, and answers each job once."""

import lazy_aiogram as lazy_aiogram  # before aiogram: it spares the memory of the types that are not used
