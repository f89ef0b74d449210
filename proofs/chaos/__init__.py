"""Kills, stops, cuts and starves the product under load, and judges each job by its answer."""
