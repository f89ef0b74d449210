"""Long runs that exit with 1 where the product breaks a promise: `make prove` lists them."""
