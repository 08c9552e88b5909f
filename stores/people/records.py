"""What is read of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose face is known.

    Attributes:
        name: "" while nobody gave one; also: further names, such as in another script.
        faces, videos: in how many tracks, of how many videos, they are seen.
        seconds: how long they are seen, all tracks together.
        photos: pictures of them that were imported.
        kept: whether an owner said anything about them.
    """

    person_id: str
    name: str
    also: tuple[str, ...]
    faces: int
    videos: int
    seconds: float
    photos: int
    kept: bool

    @property
    def shown(self) -> str:
        """The name, or one that stands for it: ``person 3f2a``."""
        return self.name or f"person {self.person_id.removeprefix('per_')[:4]}"


@dataclass(frozen=True, slots=True)
class PersonFace:
    """One track of a person. ``start``, ``end`` in seconds; ``decided``: ``automatic`` or ``person``."""

    evidence_id: str
    video_id: str
    person_id: str
    start: float
    end: float
    likeness: float
    decided: str


@dataclass(frozen=True, slots=True)
class PersonEvent:
    """One decision: ``named``, ``merged``, ``split``, ``forgotten``, ``imported``, ``clustered``, ``off`` or ``on``; or
    ``joined``: ``person_id`` and ``other_id`` turned out to be one, by their likeness (``detail``), nobody said so."""

    at: float
    by_name: str
    action: str
    person_id: str
    other_id: str
    detail: Mapping[str, Any]
