"""Who somebody is, whether they may use the bot, and in which language."""
