"""Decodes pictures from strangers, in a process of its own."""
