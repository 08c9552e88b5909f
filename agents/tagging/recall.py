"""The roads along which tags are recalled for one video: picture, objects, speech, screen, caption, format, similar.

Every road takes the whole tag library and names the tags it speaks for, each with a probability, the road's name and
the evidence it saw. Roads do not know each other; `agents.tagging.ranking` weighs what they bring.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from agents.search.pictures import best_fits, least_likeness
from agents.words import contains_phrase
from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.spaces import collections
from encoders.types import Vectors
from stores.core.records import Evidence, Label, Tag, Tracklet
from stores.library_store import LibraryStore

PICTURE_CENTRE = 4.5
"""z at which a picture is as likely to show a tag as not: about 3 in a million draws from a normal background, i.e.
rare even after asking thousands of tags of a video."""

PICTURE_STEEPNESS = 1.5
"""A standard deviation more or less moves the odds by a factor of e^1.5 = 4.5."""

RIVALRY = 0.5
"""Tags of one facet rival each other: each loses half its distance to the facet's best (a match is of one sport)."""

NAMED_GAIN = 2.0
"""A classifier over 1000 names spreads its mass; half a clip's mass on a tag's names means certainty."""

OBJECT_GAIN = 1.5
"""Detection scores of the 80-category detector, averaged over the video, by this much."""

CIRCUMSTANCE = 0.5
"""Strength at which a term is no name or kind of a concept but what may surround it. The detector's 80 categories are
too common for that to mean anything: a person in the picture does not make it an interview."""

SPOKEN = 0.5
"""One mention in speech: people also speak of what is not there. Each further mention halves the doubt."""

WRITTEN = 0.5
"""The same for text on screen."""

CAPTIONED = 0.7
"""The same for a caption, which tells what is there, times its confidence. Source: our choice, not measured."""

NEIGHBOURS = 10
"""Clips of other videos that are looked at for each clip."""

SIMILAR = 0.6
"""Weight of a tag accepted for a look-alike video, times that decision's confidence."""

CERTAIN = 0.97
"""No single road is believed beyond this."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One road's word for one tag: how probable, and the evidence ids it rests on (best first)."""

    tag_id: str
    road: str
    probability: float
    evidence_ids: tuple[str, ...]


class TagVectors:
    """The tag library beside pictures: each tag's vector in their space, and its concepts; made once for all videos."""

    def __init__(self, tags: Sequence[Tag], encoders: Encoders) -> None:
        self.tags = tuple(tags)
        texts = [" ".join((tag.name, *tag.aliases)) for tag in self.tags]
        self.vectors: Vectors = encoders.image_text.encode_queries(texts)
        self.concepts: list[dict[str, float]] = [_concepts_of(tag, encoders.concepts) for tag in self.tags]


@dataclass(frozen=True, slots=True)
class Case:
    """One video to be tagged, and what the roads look it up in."""

    video_id: str
    store: LibraryStore
    encoders: Encoders
    tags: TagVectors


def picture_road(case: Case) -> list[Recalled]:
    """Tags whose text lies unusually near the clips' picture vectors."""
    hits, matrix = case.store.vectors.fetch(collections(case.encoders).picture, video_ids=[case.video_id])
    if not hits:
        return []
    z, best = best_fits(case.encoders, case.tags.vectors, matrix)
    labels = _labels_by_clip(case.store, case.video_id)
    recalled = []
    for i, rivalled in enumerate(_rivalry(z, case.tags.tags)):
        probability = CERTAIN / (1.0 + math.exp(-PICTURE_STEEPNESS * (rivalled - PICTURE_CENTRE)))
        if probability >= 0.05:
            seen = labels.get(hits[best[i]].clip_id, ())
            recalled.append(Recalled(case.tags.tags[i].tag_id, "picture", probability, tuple(seen[:2])))
    return recalled


def object_road(case: Case) -> list[Recalled]:
    """Tags that name (or name the kind of) something recognised or detected."""
    memory = case.store.memory(case.video_id)
    labels = [record for record in memory.records("labels") if isinstance(record, Label)]
    tracklets = [record for record in memory.records("tracklets") if isinstance(record, Tracklet)]
    length = max(1, max((t.span.end for t in tracklets), default=1))
    recalled = []
    for tag, concepts in zip(case.tags.tags, case.tags.concepts, strict=True):
        if not concepts:
            continue
        per_clip: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for label in labels:
            if strength := concepts.get(label.concept):
                per_clip[label.clip_id].append((strength * label.score, label.evidence_id))
        worth = [
            (min(CERTAIN, NAMED_GAIN * sum(w for w, _ in seen)), sorted(seen, reverse=True))
            for seen in per_clip.values()
        ]
        tracked = [
            (concepts[t.concept] * t.confidence * (t.span.end - t.span.start) / length, t.evidence_id)
            for t in tracklets
            if concepts.get(t.concept, 0.0) > CIRCUMSTANCE
        ]
        if tracked:
            worth.append((min(CERTAIN, OBJECT_GAIN * sum(w for w, _ in tracked)), sorted(tracked, reverse=True)))
        if worth:
            probability, seen = max(worth)
            if probability >= 0.05:
                recalled.append(Recalled(tag.tag_id, "objects", probability, tuple(e for _, e in seen[:3])))
    return recalled


def speech_road(case: Case) -> list[Recalled]:
    """Tags that are said aloud."""
    return _mentioned("speech", SPOKEN, case.store.catalog.evidence_of(case.video_id, "speech"), case.tags.tags)


def screen_road(case: Case) -> list[Recalled]:
    """Tags that are written on screen."""
    return _mentioned("screen", WRITTEN, case.store.catalog.evidence_of(case.video_id, "screen"), case.tags.tags)


def caption_road(case: Case) -> list[Recalled]:
    """Tags that captions name."""
    return _mentioned("caption", CAPTIONED, case.store.catalog.evidence_of(case.video_id, "caption"), case.tags.tags)


def format_road(case: Case) -> list[Recalled]:
    """Tags that name a measured property: vertical video, black and white, still image."""
    facts = case.store.catalog.evidence_of(case.video_id, "format")
    recalled = []
    for tag in case.tags.tags:
        fact = next((f for f in facts if any(_is_fact(name, f.text) for name in (tag.name, *tag.aliases))), None)
        if fact:
            recalled.append(Recalled(tag.tag_id, "format", min(CERTAIN, fact.confidence), (fact.evidence_id,)))
    return recalled


def similar_road(case: Case) -> list[Recalled]:
    """Tags accepted for videos that look alike (near-duplicates, other cuts of the same material)."""
    collection = collections(case.encoders).likeness
    hits, matrix = case.store.vectors.fetch(collection, video_ids=[case.video_id])
    least = least_likeness(case.encoders)
    alike: dict[str, float] = {}
    active = {tag.tag_id for tag in case.tags.tags}
    for vector in matrix:
        for hit in case.store.vectors.query(collection, vector, len(hits) + NEIGHBOURS):
            if hit.video_id != case.video_id and hit.similarity >= least:
                alike[hit.video_id] = max(alike.get(hit.video_id, 0.0), hit.similarity)
    best: dict[str, Recalled] = {}
    for other in alike:
        for decision in case.store.tags.decisions(other):
            probability = SIMILAR * decision.confidence
            first_hand = decision.decision == "accepted" and set(decision.recalled_by) - {"similar"}
            if first_hand and decision.tag_id in active:
                known = best.get(decision.tag_id)
                if known is None or known.probability < probability:
                    best[decision.tag_id] = Recalled(decision.tag_id, "similar", probability, ())
    return list(best.values())


ROADS = {
    "picture": picture_road,
    "objects": object_road,
    "speech": speech_road,
    "screen": screen_road,
    "caption": caption_road,
    "format": format_road,
    "similar": similar_road,
}


def _concepts_of(tag: Tag, space: ConceptSpace) -> dict[str, float]:
    strengths: dict[str, float] = {}
    for term in (tag.name, *tag.aliases):
        for concept, strength in space.matching(term).items():
            strengths[concept] = max(strength, strengths.get(concept, 0.0))
    return strengths


def _is_fact(name: str, fact: str) -> bool:
    """Whether a tag is the whole of a fact, which is told in English and then Chinese: "black and white 黑白"."""
    english, _, chinese = fact.rpartition(" ")
    plain = name.casefold().strip()
    return plain in {english, english.removesuffix(" video"), chinese, chinese.removesuffix("视频")} - {""}


def _rivalry(z: np.ndarray[tuple[int], np.dtype[np.float64]], tags: Sequence[Tag]) -> list[float]:
    best: dict[str, float] = {}
    for value, tag in zip(z, tags, strict=True):
        best[tag.facet] = max(best.get(tag.facet, -math.inf), float(value))
    return [float(value) - RIVALRY * (best[tag.facet] - float(value)) for value, tag in zip(z, tags, strict=True)]


def _labels_by_clip(store: LibraryStore, video_id: str) -> dict[str, list[str]]:
    by_clip: dict[str, list[Label]] = defaultdict(list)
    for record in store.memory(video_id).records("labels"):
        if isinstance(record, Label):
            by_clip[record.clip_id].append(record)
    return {
        clip: [label.evidence_id for label in sorted(seen, key=lambda s: -s.score)] for clip, seen in by_clip.items()
    }


def _mentioned(road: str, once: float, lines: Iterable[Evidence], tags: Sequence[Tag]) -> list[Recalled]:
    known = list(lines)
    recalled = []
    for tag in tags:
        names = [name for name in (tag.name, *tag.aliases) if len(name) > 1]
        said = [line for line in known if any(contains_phrase(name, line.text) for name in names)]
        if said:
            doubt = math.prod(1.0 - once * line.confidence for line in said)
            recalled.append(
                Recalled(tag.tag_id, road, min(CERTAIN, 1.0 - doubt), tuple(s.evidence_id for s in said[:3]))
            )
    return recalled
