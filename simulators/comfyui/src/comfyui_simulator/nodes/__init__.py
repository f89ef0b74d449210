"""Workflows: their graph, their validation, and what each node does."""
