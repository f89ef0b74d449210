"""What one replica does for all: the janitor, and what Kubernetes is told."""
