"""A worker's life: wait for a job, claim it, execute it, say what became of it."""
