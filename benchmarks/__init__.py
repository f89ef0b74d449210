"""Figures of the product, beside what a user would pick instead: `make measure` lists them."""
