"""Tags that name who is seen: people that have a name, and women and men."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from pipeline.observers.face_tracks import sex_of
from stores.core.records import FaceTrack

NAMED = 0.9
"""Probability of a tag with the name of a person who is seen. Source: 95 of 100 pairs of faces that count as one person
are one (`stores.people.likeness`), and an owner has looked at some of them."""

FLEETING = 0.8
"""Share of its worth that a face seen only once has. Source: our choice: woman or man is told by a median over
time, and one guess has none."""

UNTOLD = 0.5
"""`FaceTrack.female` of a track whose faces were all too small to tell."""

_WORDS = {
    "woman": ("woman", "women", "lady", "female", "女人", "女性", "女士", "女子"),
    "man": ("man", "men", "gentleman", "male", "男人", "男性", "男士", "男子"),
}


def face_source(case: Case) -> list[Recalled]:
    """Tags named like a person who is seen, and those that say woman or man where a face does."""
    found: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
    whose: dict[str, str] = {}
    for person, faces in case.store.people.of_video(case.video_id):
        whose |= {face.evidence_id: person.person_id for face in faces}
        for name in filter(None, (person.name, *person.also)):
            for tag in case.tags.by_fact.get(name.casefold().strip()):
                longest = sorted(faces, key=lambda one: (one.start - one.end, one.evidence_id))
                found[tag] += [(NAMED, one.evidence_id) for one in longest[:3]]
    by_person: defaultdict[str, list[FaceTrack]] = defaultdict(list)
    for track in case.store.memory(case.video_id).records("faces"):
        if isinstance(track, FaceTrack) and track.female != UNTOLD:
            by_person[whose.get(track.evidence_id, track.evidence_id)].append(track)
    for tracks in by_person.values():
        # One person is not a woman in one shot and a man in the next.
        female = median(track.female for track in tracks)
        sure = max(female, 1.0 - female)
        worth = min(CERTAIN, sure * (1.0 if sum(len(track.trajectory) for track in tracks) > 1 else FLEETING))
        for word in _WORDS.get(sex_of(female), ()):
            for tag in case.tags.by_fact.get(word):
                found[tag] += [(worth, track.evidence_id) for track in tracks]
    words = []
    for tag, seen in found.items():
        best = sorted(seen, key=lambda one: -one[0])
        ids = tuple(dict.fromkeys(evidence_id for _, evidence_id in best))[:3]
        words.append(Recalled(case.tags.tags[tag].tag_id, "faces", best[0][0], ids))
    return strongest(words, case.top)
