"""Actors of a job share the GPUs of a cluster, where the models would use one; Ray hides them from all others."""

from __future__ import annotations

import pytest

from encoders.bundle import Encoders
from workflows.ray_data import _gpu_share


@pytest.mark.parametrize(
    ("profile", "device", "gpus", "workers", "share"),
    [
        ("standard", "auto", 1.0, 3, 0.33),
        ("standard", "auto", 4.0, 2, 1.0),
        ("standard", "cuda", 1.0, 500, 0.01),
        ("standard", "auto", 0.0, 3, 0.0),
        ("standard", "cpu", 1.0, 3, 0.0),
        ("embedded", "auto", 1.0, 3, 0.0),
    ],
)
def test_each_actor_asks_for_its_share(profile: str, device: str, gpus: float, workers: int, share: float):
    assert _gpu_share(Encoders.open(profile, device=device), gpus, workers) == share
