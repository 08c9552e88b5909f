"""A stage: a named, versioned piece of work on one video, and its fingerprint, which says when it must be redone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Protocol

from stores.core.ids import fingerprint
from stores.core.records import Record, Video


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage's result depends on, besides the video.

    Attributes:
        version: raised whenever the code computes something different.
        config: the stage's frozen config as a mapping.
        models: ``name@revision`` of each model it uses.
        inputs: stages whose outputs it reads; they come earlier.
    """

    name: str
    version: str
    config: Mapping[str, object]
    models: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class Memory(Protocol):
    """The stored outputs of one video."""

    @property
    def video(self) -> Video | None:
        """The video as probed; None before the probe."""
        ...

    def has(self, stage: str) -> bool:
        """Whether the stage is done, even if it found nothing."""
        ...

    def records(self, stage: str) -> Sequence[Record]:
        """The records of the stage."""
        ...

    def blob(self, stage: str, name: str) -> bytes:
        """The content of a blob of the stage. Raises KeyError if there is no blob of that name."""
        ...

    def blob_names(self, stage: str) -> Sequence[str]:
        """Names of the blobs of the stage, sorted."""
        ...


WHEN_SET: Mapping[str, object] = MappingProxyType({"fingerprint": "when set"})
"""``metadata`` of a config field that enters the fingerprint only if it differs from its default: a field that was
added later, so that existing outputs stay valid."""

NEVER: Mapping[str, object] = MappingProxyType({"fingerprint": "never"})
"""``metadata`` of a config field that changes no result, such as the path of a file whose hash another field has."""

_FORMER_SETTINGS = {
    "change_threshold": "same",
    "top_k": "strongest",
    "max_labels": "most",
    "min_peak": "faintest",
    "min_single_score": "lonely",
}
"""Settings count in the fingerprint by the name that they had first, so that a new name makes nothing be done again."""


def settings_of(config: Any) -> dict[str, object]:
    """The fields of a frozen config dataclass that enter the fingerprint (`WHEN_SET`, `NEVER`)."""
    values = asdict(config)
    for each in fields(config):
        counts = each.metadata.get("fingerprint")
        if counts == "never" or (counts == "when set" and values[each.name] == each.default):
            del values[each.name]
    return {_FORMER_SETTINGS.get(name, name): value for name, value in values.items()}


def fingerprints(stages: Sequence[Stage]) -> dict[str, str]:
    """The fingerprint of each stage, which includes the fingerprints of its inputs."""
    known: dict[str, str] = {}
    for stage in stages:
        inputs = {name: known[name] for name in stage.inputs}
        known[stage.name] = fingerprint(stage.name, stage.version, stage.config, stage.models, inputs)
    return known


def pending(stages: Sequence[Stage], done: Mapping[str, str]) -> tuple[Stage, ...]:
    """The stages, in order, that are not done with their current fingerprint.

    Args:
        done: fingerprint of the finished run of each stage, for one video.
    """
    wanted = fingerprints(stages)
    return tuple(stage for stage in stages if done.get(stage.name) != wanted[stage.name])
