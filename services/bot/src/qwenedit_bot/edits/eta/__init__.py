"""When a waiting job will be ready."""
