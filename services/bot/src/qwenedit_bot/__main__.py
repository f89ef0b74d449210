"""Run the bot: `python -m qwenedit_bot`."""

from qwenedit_bot.app import main

main()
