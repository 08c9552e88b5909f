"""Tags that name who is seen, people that have a name, and women and men, and how near they are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
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


FACES = ("woman", "man", "face")
"""Names of faces; the last of those of whom neither is sure."""

HEAD = 0.2
"""Height of a face, as a fraction of the frame's, from which a shot shows head and shoulders: a body is seven to eight
heads tall (Richer 1889) and a face from brow to chin about two thirds of a head, so at a fifth the chest is cut off."""

CLOSE = 0.4
"""Likewise, from which the head fills the frame: a close-up."""

ABOUT_HALF = 2.0
"""What is so for half of a video is what it is."""

FRAMED = {
    "talking head": ("talking head", "talking heads", "piece to camera", "口播", "出镜讲解", "对镜讲话"),
    "close-up": ("close-up", "close up", "closeup", "特写", "面部特写", "近景特写"),
}
"""What tags call people who are shown so near; a talking head is one that speaks meanwhile."""


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


def framing_source(case: Case) -> list[Recalled]:
    """Tags that say how near people are shown, by the share of the video in which they are."""
    tracks, heard = case.seen.faces.tracks, [line for line in case.seen.lines["sound"] if line.text == "speech"]
    spans = [(line.span.start, line.span.end) for line in heard]
    ends = [one.end for one in case.seen.things.tracklets] + [one.end for one in tracks] + [end for _, end in spans]
    length = max(1, *ends) if ends else 1
    near = [one for one in tracks if one.height >= HEAD]
    talking = overlap_of(union((one.start, one.end) for one in near), union(spans)) / length
    close = sum(end - start for start, end in union((one.start, one.end) for one in tracks if one.height >= CLOSE))
    words = []
    for name, share, shown in (
        ("talking head", talking, near),
        ("close-up", close / length, [one for one in near if one.height >= CLOSE]),
    ):
        longest = sorted(shown, key=lambda one: (one.start - one.end, one.evidence_id))[:3]
        if share > 0.0:
            worth, ids = min(CERTAIN, ABOUT_HALF * share), tuple(one.evidence_id for one in longest)
            tags = dict.fromkeys(tag for word in FRAMED[name] for tag in case.tags.by_fact.get(word))
            words += [Recalled(case.tags.tags[tag].tag_id, "framing", worth, ids) for tag in tags]
    return strongest(words, case.top)


def union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same times, in order, each once."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def overlap_of(some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> int:
    """The time that is in both."""
    return sum(max(0, min(end, until) - max(start, since)) for start, end in some for since, until in others)
