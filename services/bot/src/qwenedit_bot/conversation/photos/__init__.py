"""Photos and their words: what a chat has sent so far, what the bot waits for there, and whose a job is."""
