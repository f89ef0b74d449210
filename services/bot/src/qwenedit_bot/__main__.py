from qwenedit_bot.app import main

main()
