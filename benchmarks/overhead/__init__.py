"""Time that the product costs a user, beside the same done by hand."""
