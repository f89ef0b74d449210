"""Asks a Prometheus that scrapes the product all that the dashboards ask."""
