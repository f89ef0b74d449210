"""A collector of traces, and what it received."""
