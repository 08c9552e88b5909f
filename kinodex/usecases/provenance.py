"""Provenance: which model made the output of a stage, by its fingerprint alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from encoders.bundle import Encoders
from encoders.types import WeightsError
from pipeline.perceive import fingerprints, stages

if TYPE_CHECKING:
    from pipeline.perception import PerceptionConfig

_TASKS: Mapping[str, str] = {
    "speech": "speech",
    "screentext": "reader",
    "labels": "image",
    "tracklets": "detector",
    "sound": "sounds",
    "visual_stats": "",
}


def provenance(encoders: Encoders, config: PerceptionConfig) -> dict[tuple[str, str], str]:
    """(stage, fingerprint) to ``name@revision`` of the model behind the lines of a stage, for all profiles.

    A fingerprint that is not among them was made with other settings, or by a model that the registry does not know.
    No weights are loaded.
    """
    found: dict[tuple[str, str], str] = {}
    for profile in (encoders.profile, *encoders.registry.profiles):
        other = encoders if profile == encoders.profile else _of(encoders, profile)
        try:
            stage_fingerprints = fingerprints(stages(other, config))
            models = {
                stage: other.revision(task) if task else "no model"
                for stage, task in _TASKS.items()
                if stage in stage_fingerprints
            }
        except WeightsError:
            continue  # names what this registry lacks
        for stage, model in models.items():
            found.setdefault((stage, stage_fingerprints[stage]), model)
    return found


def _of(encoders: Encoders, profile: str) -> Encoders:
    return Encoders(encoders.registry, profile, encoders.threads, encoders.device)
