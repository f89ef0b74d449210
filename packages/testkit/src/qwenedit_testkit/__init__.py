"""What tests, proofs and benchmarks share: the product and its parts as processes. No image has it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
"""The repository: this package runs from nowhere else."""
