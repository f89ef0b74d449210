"""What makes a run durable: a folder that outlives it, parts that start again, logs in files."""
