from telegram_simulator.cli import main

main()
