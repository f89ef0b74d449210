"""Whether the worker and its ComfyUI are well, and how a worker shuts down."""
