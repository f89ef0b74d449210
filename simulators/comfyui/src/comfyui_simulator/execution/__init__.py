"""The queue of prompts and the thread that runs them."""
