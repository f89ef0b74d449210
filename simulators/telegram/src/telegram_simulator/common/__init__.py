"""Errors, tasks and waiting, for all other packages."""
