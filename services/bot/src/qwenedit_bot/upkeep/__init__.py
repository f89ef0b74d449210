"""What one replica does for all: it elects a leader and runs the janitor."""
