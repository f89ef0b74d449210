"""Ports, errors, pauses and waiting, for the whole worker."""
