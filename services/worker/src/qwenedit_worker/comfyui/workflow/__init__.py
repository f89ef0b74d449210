"""Workflows: graphs in ComfyUI's API format, and how one is filled in for one edit."""
