"""How Redis is reached, and whether it is as the queue needs it."""
