"""The worker's main loop: wait for a job, claim it, execute it, report how it ended."""
