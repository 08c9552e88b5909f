"""Tags that name who is seen, people that have a name, and women and men, and how near they are shown."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.recall.objects import ASSOCIATED
from encoders.sound_names import SILENCE
from pipeline.observers.face_tracks import sex_of
from stores.people.seen import SeenFace
from stores.tags.recall.seen import SeenTracklet

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
"""Names of faces; the last where neither is sure."""

PERSON = "coco:1"
"""What the detector of things calls people."""

EVEN = 0.35
"""Share of women among people who are seen, and of men; the others are children, drawn, seen twice, or not to be told.
Source: in a development set of 50 clips, which is no part of the project, tags that this made as likely as not were
right in 5 of 11 cases at .5."""

FACE = 0.7
"""Probability that a face is that of a person where the detector of things sees none; see
`pipeline.observers.face_tracks.FaceConfig.min_score`."""

CROWD = 10.0
"""People at the same time that surely are a crowd. Source: our choice; five are a group."""

CROWDS = ("crowd", "crowds", "人群", "群众")
"""What tags call many people."""

HEAD = 0.15
"""Height of a face, as a fraction of the frame's, from which a shot shows a person from the waist up, or less: half
of a body of seven and a half heads (Richer 1890, Anatomie artistique), a face from brow to chin being two thirds of a
head, and a sixth of the frame left above it."""

CLOSE = 0.3
"""Likewise, from which head and shoulders, two and a half heads, more than fill the frame: a close-up."""

SILENT_HEAD = ASSOCIATED
"""What a large face says of a talking head where nothing at all is heard: left to a person, also where others add a
little. Source: of two development sets, which are no part of the project, 4 of 11 clips that it was said of had one,
and some 6 of 9."""

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


def people_source(case: Case) -> list[Recalled]:
    """Tags that say woman or man, or crowd, by how many people are seen at the same time.

    Of several people some are women, and some men. Those with a face that says it are left to `face_source`.
    """
    moment = _fullest(case)
    if moment is None:
        return []
    unknown, everybody, ids = moment
    some = 1.0 - math.prod(1.0 - EVEN * sure for sure in unknown)
    worths = {word: some for names in WORDS.values() for word in names}
    worths |= dict.fromkeys(CROWDS, sum(everybody) / CROWD)
    found = {tag: worth for word, worth in worths.items() for tag in case.tags.by_fact.get(word) if worth > 0.0}
    words = (Recalled(case.tags.tags[tag].tag_id, "people", min(CERTAIN, worth), ids) for tag, worth in found.items())
    return strongest(words, case.top)


def _fullest(case: Case) -> tuple[list[float], list[float], tuple[str, ...]] | None:
    """When most people are seen: how surely each not known by a face, how surely each, and the evidence."""
    people = [one for one in case.seen.things.tracklets if one.concept == PERSON]
    faces = case.seen.faces.tracks
    if not people and not faces:
        return None
    seen, shown = _counting(people), _counting(faces)
    times = sorted({one.start for one in people} | {one.start for one in faces})
    time = max(times, key=lambda time: max(seen(time), shown(time)))
    here = [(one.confidence, one.evidence_id) for one in people if one.start <= time < one.end]
    here.sort(reverse=True)
    looking = [one for one in faces if one.start <= time < one.end]
    # A face has a body, which the detector of things sees or not.
    here += [(FACE, one.evidence_id) for one in looking[len(here) :]]
    known = sum(sex_of(one.female) in WORDS for one in looking)
    return [sure for sure, _ in here[known:]], [sure for sure, _ in here], tuple(one for _, one in here[:3])


def _counting(tracks: Sequence[SeenFace] | Sequence[SeenTracklet]) -> Callable[[int], int]:
    """How many of them there are at a time, without looking at each."""
    starts, ends = sorted(one.start for one in tracks), sorted(one.end for one in tracks)
    return lambda time: bisect_right(starts, time) - bisect_right(ends, time)


def framing_source(case: Case) -> list[Recalled]:
    """Tags that say how near people are shown, by the share of the video in which they are."""
    sounds = case.seen.lines["sound"]
    spoken = union((line.span.start, line.span.end) for line in sounds if line.text == "speech")
    length = length_of(case)
    near = [one for one in case.seen.faces.tracks if one.height >= HEAD]
    shown = union((one.start, one.end) for one in near)
    if all(line.text == SILENCE for line in sounds):
        talking = SILENT_HEAD * min(1.0, ABOUT_HALF * time_of(shown) / length)
    else:
        talking = ABOUT_HALF * overlap_of(shown, spoken) / length
    large = [one for one in near if one.height >= CLOSE]
    close = ABOUT_HALF * time_of(union((one.start, one.end) for one in large)) / length
    words = []
    for name, worth, tracks in (("talking head", talking, near), ("close-up", close, large)):
        longest = sorted(tracks, key=lambda one: (one.start - one.end, one.evidence_id))[:3]
        if worth > 0.0:
            ids = tuple(one.evidence_id for one in longest)
            tags = dict.fromkeys(tag for word in FRAMED[name] for tag in case.tags.by_fact.get(word))
            words += [Recalled(case.tags.tags[tag].tag_id, "framing", min(CERTAIN, worth), ids) for tag in tags]
    return strongest(words, case.top)


def large_faces(case: Case) -> list[tuple[float, str]]:
    """Share of the video in which each large face is seen, and its evidence."""
    length = length_of(case)
    tracks = [one for one in case.seen.faces.tracks if one.height >= HEAD]
    return [((one.end - one.start) / length, one.evidence_id) for one in tracks]


def length_of(case: Case) -> int:
    """Of the video, as far as anything was seen or heard in it, in ticks."""
    ends = [one.end for one in case.seen.things.tracklets] + [one.end for one in case.seen.faces.tracks]
    return max([1, *ends, *(line.span.end for line in case.seen.lines["sound"])])


def time_of(spans: Iterable[tuple[int, int]]) -> int:
    """How long they are together, in ticks."""
    return sum(end - start for start, end in spans)


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
    """The time that is in both; each as `union` gives it."""
    at = total = 0
    for start, end in some:
        while at < len(others) and others[at][1] <= start:
            at += 1
        later = at
        while later < len(others) and others[later][0] < end:
            total += min(end, others[later][1]) - max(start, others[later][0])
            later += 1
    return total
