"""Run the simulator: `python -m comfyui_simulator`."""

from comfyui_simulator.cli import main

main()
