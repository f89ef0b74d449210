"""A Telegram for tests and laptops: the Bot API, its people, and a chat page."""
