"""The sources along which tags are recalled for one video: picture, objects, speech, screen, caption, format, similar.

Every source takes the whole tag library (`agents.tagging.vocabulary`) and returns the tags it recalls, each with a
probability, the source's name and evidence. Its cost does not grow with the number of tags that it does not recall.
Sources are independent of each other; `agents.tagging.rank` fuses their results.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.search.pictures import best_fits, least_likeness
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Evidence, Label, Tracklet
from stores.library_store import LibraryStore

PICTURE_CENTRE = 4.5
"""z at which a picture is as likely to show a tag as not: about 3 in a million draws from a normal background, i.e.
rare even after asking thousands of tags of a video."""

PICTURE_STEEPNESS = 1.5
"""A standard deviation more or less moves the odds by a factor of e^1.5 = 4.5."""

FACET_COMPETITION = 0.5
"""Tags of one facet compete: each loses half its distance to the facet's best (a match is of one sport)."""

NAMED_GAIN = 2.0
"""A classifier over 1000 names spreads its mass; half a clip's mass on a tag's names means certainty."""

OBJECT_GAIN = 1.5
"""Detection scores of the 80-category detector, averaged over the video, by this much."""

CONTEXT_MATCH = 0.5
"""Strength of a term that names neither a concept nor its kind but a situation around it. The detector's 80 categories
are too common for that to mean anything: a person in the picture does not make it an interview."""

SPOKEN = 0.5
"""One mention in speech: people also speak of what is not there. Each further mention halves the doubt."""

WRITTEN = 0.5
"""The same for text on screen."""

CAPTIONED = 0.7
"""The same for a caption, which describes what is there, times its confidence. Source: our choice, not measured."""

NEIGHBOURS = 10
"""Clips of other videos that are compared with each clip."""

SIMILAR = 0.6
"""Weight of a tag accepted for a look-alike video, times that decision's confidence."""

CERTAIN = 0.97
"""Highest probability of a single source."""

MENTIONED = 0.05
"""Least probability at which pictures and objects recall a tag."""

_LEAST_Z = PICTURE_CENTRE - math.log(CERTAIN / MENTIONED - 1.0) / PICTURE_STEEPNESS - 1e-6
"""z of `MENTIONED`, minus a margin: tags near it are then tested one by one."""


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


def picture_source(case: Case) -> list[Recalled]:
    """Tags whose text lies unusually near the clips' picture vectors."""
    hits, matrix = case.store.vectors.fetch(collections(case.encoders).picture, video_ids=[case.video_id])
    if not hits:
        return []
    tags = case.tags
    z, best = best_fits(case.encoders, tags.vectors, matrix, tags.scales, _LEAST_Z)
    competing = _facet_competition(z, tags.facets)
    labels = _labels_by_clip(case.store, case.video_id)
    recalled = []
    for i in np.flatnonzero(competing >= _LEAST_Z).tolist():
        probability = CERTAIN / (1.0 + math.exp(-PICTURE_STEEPNESS * (float(competing[i]) - PICTURE_CENTRE)))
        if probability >= MENTIONED:
            seen = labels.get(hits[best[i]].clip_id, ())
            recalled.append(Recalled(tags.tags[i].tag_id, "picture", probability, tuple(seen[:2])))
    return recalled


def object_source(case: Case) -> list[Recalled]:
    """Tags that name (or name the kind of) something recognised or detected."""
    memory = case.store.memory(case.video_id)
    labels = [record for record in memory.records("labels") if isinstance(record, Label)]
    tracklets = [record for record in memory.records("tracklets") if isinstance(record, Tracklet)]
    length = max(1, max((t.span.end for t in tracklets), default=1))
    by_concept = case.tags.by_concept
    # Tag to clip to (worth, evidence), and tag to the same of tracklets: only tags that something speaks for.
    labelled: defaultdict[int, defaultdict[str, list[tuple[float, str]]]] = defaultdict(lambda: defaultdict(list))
    for label in labels:
        for tag, strength in by_concept.get(label.concept, ()):
            labelled[tag][label.clip_id].append((strength * label.score, label.evidence_id))
    tracked: defaultdict[int, list[tuple[float, str]]] = defaultdict(list)
    for t in tracklets:
        for tag, strength in by_concept.get(t.concept, ()):
            if strength > CONTEXT_MATCH:
                worth = strength * t.confidence * (t.span.end - t.span.start) / length
                tracked[tag].append((worth, t.evidence_id))
    recalled = []
    for tag in sorted({*labelled, *tracked}):
        per_clip = labelled[tag].values() if tag in labelled else ()
        words = [(min(CERTAIN, NAMED_GAIN * sum(w for w, _ in seen)), sorted(seen, reverse=True)) for seen in per_clip]
        if tag in tracked:
            seen = tracked[tag]
            words.append((min(CERTAIN, OBJECT_GAIN * sum(w for w, _ in seen)), sorted(seen, reverse=True)))
        probability, best = max(words)
        if probability >= MENTIONED:
            evidence = tuple(evidence_id for _, evidence_id in best[:3])
            recalled.append(Recalled(case.tags.tags[tag].tag_id, "objects", probability, evidence))
    return recalled


def speech_source(case: Case) -> list[Recalled]:
    """Tags that are said aloud."""
    return _mentioned("speech", SPOKEN, case.store.catalog.evidence_of(case.video_id, "speech"), case.tags)


def screen_source(case: Case) -> list[Recalled]:
    """Tags that are written on screen."""
    return _mentioned("screen", WRITTEN, case.store.catalog.evidence_of(case.video_id, "screen"), case.tags)


def caption_source(case: Case) -> list[Recalled]:
    """Tags that captions name."""
    return _mentioned("caption", CAPTIONED, case.store.catalog.evidence_of(case.video_id, "caption"), case.tags)


def format_source(case: Case) -> list[Recalled]:
    """Tags that name a measured property: vertical video, black and white, still image."""
    first: dict[int, Evidence] = {}
    for fact in case.store.catalog.evidence_of(case.video_id, "format"):
        for name in _fact_names(fact.text):
            for tag in case.tags.by_fact.get(name):
                first.setdefault(tag, fact)
    return [
        Recalled(case.tags.tags[tag].tag_id, "format", min(CERTAIN, fact.confidence), (fact.evidence_id,))
        for tag, fact in sorted(first.items(), key=lambda item: item[0])
    ]


def similar_source(case: Case) -> list[Recalled]:
    """Tags accepted for videos that look alike (near-duplicates, other cuts of the same material).

    Only what those videos show themselves counts: else two copies would raise each other's confidence at every run.
    """
    collection = collections(case.encoders).likeness
    hits, matrix = case.store.vectors.fetch(collection, video_ids=[case.video_id])
    near = case.store.vectors.query_all(collection, matrix, len(hits) + NEIGHBOURS, least_likeness(case.encoders))
    alike = dict.fromkeys(hit.video_id for some in near for hit in some if hit.video_id != case.video_id)
    best: dict[str, Recalled] = {}
    for other in alike:
        for decision in case.store.tags.decisions(other):
            own = [score for source, score in decision.scores if source != "similar"]
            sure = 1.0 - math.prod(1.0 - score for score in own) if own else 1.0  # fused as in `rank.rank`
            probability = SIMILAR * min(decision.confidence, sure)
            first_hand = decision.decision == "accepted" and set(decision.recalled_by) - {"similar"}
            if first_hand and decision.tag_id in case.tags.ids:
                known = best.get(decision.tag_id)
                if known is None or known.probability < probability:
                    best[decision.tag_id] = Recalled(decision.tag_id, "similar", probability, ())
    return list(best.values())


SOURCES = {
    "picture": picture_source,
    "objects": object_source,
    "speech": speech_source,
    "screen": screen_source,
    "caption": caption_source,
    "format": format_source,
    "similar": similar_source,
}


def _fact_names(fact: str) -> set[str]:
    """Names of a tag that states a whole fact. Facts are in English and then in Chinese: "still 静止"."""
    english, _, chinese = fact.rpartition(" ")
    return {english, english.removesuffix(" video"), chinese, chinese.removesuffix("视频")} - {""}


def _facet_competition(z: NDArray[np.float64], facets: NDArray[np.int64]) -> NDArray[np.float64]:
    best = np.full(int(facets.max()) + 1, -np.inf)
    np.maximum.at(best, facets, z)
    return z - FACET_COMPETITION * (best[facets] - z)


def _labels_by_clip(store: LibraryStore, video_id: str) -> dict[str, list[str]]:
    by_clip: dict[str, list[Label]] = defaultdict(list)
    for record in store.memory(video_id).records("labels"):
        if isinstance(record, Label):
            by_clip[record.clip_id].append(record)
    return {
        clip: [label.evidence_id for label in sorted(seen, key=lambda s: -s.score)] for clip, seen in by_clip.items()
    }


def _mentioned(source: str, once: float, lines: Iterable[Evidence], tags: TagVectors) -> list[Recalled]:
    said: defaultdict[int, list[Evidence]] = defaultdict(list)
    for line in lines:
        for tag in tags.phrases.said_in(line.text):
            said[tag].append(line)
    recalled = []
    for tag in sorted(said):
        doubt = math.prod(1.0 - once * line.confidence for line in said[tag])
        evidence = tuple(line.evidence_id for line in said[tag][:3])
        recalled.append(Recalled(tags.tags[tag].tag_id, source, min(CERTAIN, 1.0 - doubt), evidence))
    return recalled
