"""Tags that name who is seen: people that have a name, and women and men."""

from __future__ import annotations

from collections import defaultdict

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest

NAMED = 0.9
"""Probability of a tag with the name of a person who is seen. Source: 95 of 100 pairs of faces that count as one person
are one (`stores.people.likeness`), and an owner has looked at some of them."""

FLEETING = 0.8
"""Share of its worth that a face seen only once has. Source: our choice: woman or man is told by the median of a track,
and one guess has none."""

WORDS = {
    "woman": ("woman", "women", "lady", "female", "女人", "女性", "女士", "女子"),
    "man": ("man", "men", "gentleman", "male", "男人", "男性", "男士", "男子"),
}
"""By the name of a face, the tags that say so."""


def face_source(case: Case) -> list[Recalled]:
    """Tags named like a person who is seen, and those that say woman or man where a face does."""
    found: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
    here = case.seen.faces
    for person in here.people:
        for name in person.names:
            for tag in case.tags.by_fact.get(name.casefold().strip()):
                found[tag] += [(NAMED, one) for one in person.evidence_ids[:3]]
    for track in here.tracks:
        if track.name not in WORDS:
            continue
        sure = track.female if track.name == "woman" else 1.0 - track.female
        worth = min(CERTAIN, sure * (1.0 if track.faces > 1 else FLEETING))
        for word in WORDS[track.name]:
            for tag in case.tags.by_fact.get(word):
                found[tag].append((worth, track.evidence_id))
    words = []
    for tag, seen in found.items():
        best = sorted(seen, key=lambda one: -one[0])
        ids = tuple(dict.fromkeys(evidence_id for _, evidence_id in best))[:3]
        words.append(Recalled(case.tags.tags[tag].tag_id, "faces", best[0][0], ids))
    return strongest(words, case.top)
