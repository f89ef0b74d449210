"""ComfyUI's HTTP endpoints and its websocket, read into types."""
