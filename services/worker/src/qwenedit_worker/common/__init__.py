"""What all of the worker uses."""
