"""What every source is given, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass

from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from stores.library_store import LibraryStore

CERTAIN = 0.97
"""Highest probability of a single source."""

MENTIONED = 0.05
"""Least probability at which pictures and objects recall a tag."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A tag recalled by one source: its probability, and the ids of the evidence (best first)."""

    tag_id: str
    source: str
    probability: float
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One video to be tagged, and all that the sources need."""

    video_id: str
    store: LibraryStore
    encoders: Encoders
    tags: TagVectors
