"""The right of users to use the bot."""
