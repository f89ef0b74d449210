"""One module a queue, run as a process in that queue's own environment: it enqueues, or it works."""
