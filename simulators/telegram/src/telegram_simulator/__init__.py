"""A Telegram for tests and laptops: the Bot API, its people, and a chat page."""

import lazy_aiogram as lazy_aiogram  # first: it spares the memory of the types that are not used
