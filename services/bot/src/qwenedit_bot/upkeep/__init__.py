"""What one replica does for all: it elects a leader, runs the janitor, and tells Kubernetes which workers are idle."""
