"""Run the simulator: `python -m telegram_simulator`."""

from telegram_simulator.cli import main

main()
