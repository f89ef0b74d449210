"""`make run`: the parts, their logs and the choices of whoever starts them."""
