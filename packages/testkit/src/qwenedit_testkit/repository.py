"""Where the repository lies: this package runs from nowhere else."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
