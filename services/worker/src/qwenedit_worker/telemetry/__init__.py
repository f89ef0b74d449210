"""The worker's metrics, and its account of the GPU's time."""
