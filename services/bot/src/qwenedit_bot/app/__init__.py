"""The program: its settings, how its parts are built and joined, and how they start and stop."""
