"""Fires each of the chart's alerts by its fault."""
