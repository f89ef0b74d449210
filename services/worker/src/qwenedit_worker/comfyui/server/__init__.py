"""Checks of a ComfyUI: whether it has what a workflow needs, and whether it's alive."""
