"""A stage: a named, versioned piece of work on one video, and what decides whether it must be done again."""

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
        version: raised whenever the code computes something else.
        config: the stage's frozen config as a mapping.
        models: ``name@revision`` of each model it uses.
        inputs: stages whose results it reads; they come earlier.
    """

    name: str
    version: str
    config: Mapping[str, object]
    models: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class Memory(Protocol):
    """What is already known of one video."""

    @property
    def video(self) -> Video | None:
        """The probed video; None before that."""
        ...

    def has(self, stage: str) -> bool:
        """Whether the stage is done (it may have found nothing)."""
        ...

    def records(self, stage: str) -> Sequence[Record]:
        """What the stage found."""
        ...

    def blob(self, stage: str, name: str) -> bytes:
        """Bytes that the stage left. Raises KeyError if there are none of that name."""
        ...

    def blob_names(self, stage: str) -> Sequence[str]:
        """Names of the bytes that the stage left, sorted."""
        ...


WHEN_SET: Mapping[str, object] = MappingProxyType({"fingerprint": "when set"})
"""``metadata`` of a config's field that counts only where it is not as by default: one that came later, so that what
was made before it is still what would be made now."""

NEVER: Mapping[str, object] = MappingProxyType({"fingerprint": "never"})
"""``metadata`` of a field that changes no result, such as where a file lies whose content another field tells."""

_FORMER_SETTINGS = {
    "change_threshold": "same",
    "top_k": "strongest",
    "max_labels": "most",
    "min_peak": "faintest",
    "min_single_score": "lonely",
}
"""Settings count in the fingerprint by the name that they had first, so that a new name makes nothing be done again."""


def settings_of(config: Any) -> dict[str, object]:
    """A frozen config dataclass as a mapping, as far as it counts in the fingerprint (`WHEN_SET`, `NEVER`)."""
    values = asdict(config)
    for each in fields(config):
        counts = each.metadata.get("fingerprint")
        if counts == "never" or (counts == "when set" and values[each.name] == each.default):
            del values[each.name]
    return {_FORMER_SETTINGS.get(name, name): value for name, value in values.items()}


def fingerprints(stages: Sequence[Stage]) -> dict[str, str]:
    """The fingerprint of each stage, the fingerprints of what it reads included."""
    known: dict[str, str] = {}
    for stage in stages:
        inputs = {name: known[name] for name in stage.inputs}
        known[stage.name] = fingerprint(stage.name, stage.version, stage.config, stage.models, inputs)
    return known


def pending(stages: Sequence[Stage], done: Mapping[str, str]) -> tuple[Stage, ...]:
    """The stages that are not done with their present fingerprint, in order.

    Args:
        done: fingerprint of the finished run by stage, for one video.
    """
    wanted = fingerprints(stages)
    return tuple(stage for stage in stages if done.get(stage.name) != wanted[stage.name])
