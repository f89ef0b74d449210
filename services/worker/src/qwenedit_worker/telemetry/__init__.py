"""What metrics, traces and logs say of a worker."""
