"""Upgrades and rollbacks between two revisions, under load."""
