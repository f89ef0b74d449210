"""What every room stands on: names of Redis keys, metrics, what is kept of users, waiting, caches, log lines."""
