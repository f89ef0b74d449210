"""Every word that a user reads, from the Fluent files in `locales`."""

from qwenedit_bot.texts.words import LANGUAGES, Text, TextError, Texts, Words

__all__ = ["LANGUAGES", "Text", "TextError", "Texts", "Words"]
