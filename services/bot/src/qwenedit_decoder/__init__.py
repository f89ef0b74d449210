"""Opens pictures of strangers and of workers, in processes of its own."""
