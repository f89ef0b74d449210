"""Run the bot: `python -m qwenedit_bot`."""

from qwenedit_bot.app.main import main

main()
