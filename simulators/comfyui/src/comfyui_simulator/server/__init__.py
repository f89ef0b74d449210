"""The server as a whole, what a restart forgets, and its websockets."""
