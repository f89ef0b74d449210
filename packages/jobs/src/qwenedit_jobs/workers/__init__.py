"""Which workers there are, and how they share a ComfyUI."""
