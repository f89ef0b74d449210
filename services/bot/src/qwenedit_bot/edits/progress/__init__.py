"""The message of an unfinished job: its place in line, its steps, and when it will be ready."""
