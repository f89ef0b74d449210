"""Handlers: each parses an update, calls one use case, and renders what came of it."""
