"""Kills a worker at every await of a job's path."""
