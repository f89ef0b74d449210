"""The product beside a bot by hand."""
