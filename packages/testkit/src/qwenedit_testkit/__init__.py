"""What tests, proofs and benchmarks share: the product and its parts as processes. No image has it."""
