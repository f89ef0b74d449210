"""What is kept of a user, and how it is forgotten."""
