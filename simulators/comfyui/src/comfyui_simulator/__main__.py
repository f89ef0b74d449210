from comfyui_simulator.cli import main

main()
