"""The commands of `qwenedit`, one module a group; each returns an answer and prints nothing."""
