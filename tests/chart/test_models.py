"""How the models come to the nodes: what a claim allows, and what the notes say of it."""

from __future__ import annotations

import pytest

TOKEN = {"bot": {"token": {"existingSecret": "telegram"}}}


@pytest.fixture
def notes(helm_chart):
    """Render the notes that helm prints after an installation."""
    return lambda **values: helm_chart.render({**TOKEN, **values}, name="edit", namespace="photos")[
        "qwenedit/templates/NOTES.txt"
    ]


def test_claim_of_one_node_with_several_workers_is_told_of_in_the_notes(notes):
    said = notes()
    assert "the models' claim edit-qwenedit-models (ReadWriteOnce), and there may be 4 workers" in said
    assert "docs/models.md" in said


@pytest.mark.parametrize(
    "fitting",
    [
        {"autoscaling": {"maxReplicas": 1}},
        {"autoscaling": {"enabled": False}},
        {"models": {"claim": {"accessModes": ["ReadWriteMany"]}}},
        {"worker": {"nodeSelector": {"kubernetes.io/hostname": "gpu-1"}}},
        {"comfyui": {"placement": "standalone"}},
        {"models": {"enabled": False}},
    ],
    ids=str,
)
def test_claim_that_fits_the_workers_is_no_matter_for_the_notes(notes, fitting):
    assert "the models' claim" not in notes(**fitting)
