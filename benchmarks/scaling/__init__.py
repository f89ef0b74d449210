"""A simulator of days: discrete events, no clock, and the number of workers by several policies."""
