"""Voices in a library, made of numbers, beside the faces of `tests.unit.stores.people.faces`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stores.core.ids import record_id
from stores.core.records import SpeakerTurn, VectorItem
from stores.library_store import LibraryStore
from tests.unit.stores.builders import put, span
from tests.unit.stores.people.faces import SECOND, looks, put_faces

COLLECTION = "speaker-toy-1"


def sound_of(who: int) -> np.ndarray:
    """The vector of somebody's voice, unlike that of any face."""
    return looks(1000 + who)


def put_voices(
    store: LibraryStore, video_id: str, turns: Sequence[tuple[int, float, float]], fingerprint: str = "s1"
) -> list[str]:
    """Commit the stage ``speakers`` with (who, start, end) each, numbered as they are first heard; ids of the turns."""
    numbers = {who: number for number, who in enumerate(dict.fromkeys(who for who, *_ in turns), 1)}
    made, items, seen = [], [], set()
    for who, start, end in turns:
        where, number = span(round(start * SECOND), round(end * SECOND)), numbers[who]
        evidence_id = record_id("spk", video_id, where, number)
        made.append(SpeakerTurn(evidence_id, where, f"speaker {number}", f"说话人{number}", number, 0.9))
        if who not in seen:
            seen.add(who)
            name = f"{fingerprint}:{evidence_id}:v"
            items.append(VectorItem(COLLECTION, name, sound_of(who), where, "speaker", evidence_id=evidence_id))
    put(store, video_id, "speakers", *made, fingerprint=fingerprint, vectors=items)
    return [one.evidence_id for one in made]


def interview(
    store: LibraryStore, video_id: str, first: int, second: int, fingerprint: str = "1", shift: float = 0.0
) -> tuple[list[str], list[str]]:
    """Two people in turns of four seconds, each alone in the picture while speaking; ids of the faces and turns."""
    faces, turns = [], []
    for number in range(8):
        who, start = (first, second)[number % 2], number * 1.2
        faces.append((who, start, start + 1.2, 0.2))
        turns.append((who, start + shift, start + 1.1 + shift))
    return (
        put_faces(store, video_id, faces, f"f{fingerprint}"),
        put_voices(store, video_id, turns, f"s{fingerprint}"),
    )
