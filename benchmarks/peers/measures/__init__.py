"""What is measured of each queue: its speed, its losses when workers are killed, its cost without work."""
