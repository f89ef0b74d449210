"""Whether a ComfyUI can do what is asked of it, and whether it is alive."""
