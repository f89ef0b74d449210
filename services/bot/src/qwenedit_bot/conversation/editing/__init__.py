"""Asking for an edit: photos, presets, groups, and the buttons under a result."""
