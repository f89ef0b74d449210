"""Odd updates and odd pictures through the whole bot: is there one that it cannot bear, or leaves without an answer?"""

import qwenedit_bot as qwenedit_bot  # before aiogram, as in the bot's own process, which builds types at their use
