"""Helpers that have nothing to do with bots: waiting, caches, log lines at a bounded rate."""
