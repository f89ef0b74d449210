"""The worker: takes jobs from Redis, has ComfyUI edit their pictures, and hands in the results."""
