"""ComfyUI's HTTP routes."""
