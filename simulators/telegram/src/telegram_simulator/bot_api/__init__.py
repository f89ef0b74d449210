"""The Bot API over HTTP: calls, methods, webhooks and downloads."""
