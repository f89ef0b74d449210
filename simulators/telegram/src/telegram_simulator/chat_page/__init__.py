"""The web page on which a person chats with the bot."""
