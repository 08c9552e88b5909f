"""Tags that name who is seen: people that have a name, and women and men."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from pipeline.observers.face_tracks import sex_of
from stores.people.seen import SeenFace

NAMED = 0.9
"""Probability of a tag with the name of a person who is seen. Source: 95 of 100 pairs of faces that count as one person
are one (`stores.people.likeness`), and an owner has looked at some of them."""

FLEETING = 0.8
"""Share of its worth that a face seen only once has. Source: our choice: woman or man is told by a median over
time, and one guess has none."""

UNTOLD = 0.5
"""`FaceTrack.female` of a track whose faces were all too small to tell."""

WORDS = {
    "woman": ("woman", "women", "lady", "female", "女人", "女性", "女士", "女子"),
    "man": ("man", "men", "gentleman", "male", "男人", "男性", "男士", "男子"),
}
"""By the name of a face, the tags that say so."""


def face_source(case: Case) -> list[Recalled]:
    """Tags named like a person who is seen, and those that say woman or man where a face does."""
    found: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
    here = case.seen.faces
    whose = {one: str(number) for number, person in enumerate(here.people) for one in person.evidence_ids}
    for person in here.people:
        for name in person.names:
            for tag in case.tags.by_fact.get(name.casefold().strip()):
                found[tag] += [(NAMED, one) for one in person.evidence_ids[:3]]
    by_person: defaultdict[str, list[SeenFace]] = defaultdict(list)
    for track in here.tracks:
        if track.female != UNTOLD:
            by_person[whose.get(track.evidence_id, track.evidence_id)].append(track)
    for tracks in by_person.values():
        # One person is not a woman in one shot and a man in the next.
        female = median(track.female for track in tracks)
        sure = max(female, 1.0 - female)
        worth = min(CERTAIN, sure * (1.0 if sum(track.faces for track in tracks) > 1 else FLEETING))
        for word in WORDS.get(sex_of(female), ()):
            for tag in case.tags.by_fact.get(word):
                found[tag] += [(worth, track.evidence_id) for track in tracks]
    words = []
    for tag, seen in found.items():
        best = sorted(seen, key=lambda one: -one[0])
        ids = tuple(dict.fromkeys(evidence_id for _, evidence_id in best))[:3]
        words.append(Recalled(case.tags.tags[tag].tag_id, "faces", best[0][0], ids))
    return strongest(words, case.top)
