"""Tags that name what is recognised or detected."""

from __future__ import annotations

from collections import defaultdict

from agents.tagging.recall.case import CERTAIN, MENTIONED, Case, Recalled
from stores.core.records import Label, Tracklet

NAMED_GAIN = 2.0
"""A classifier over 1000 names spreads its mass; half a clip's mass on a tag's names means certainty."""

OBJECT_GAIN = 1.5
"""Detection scores of the 80-category detector, averaged over the video, by this much."""

CONTEXT_MATCH = 0.5
"""Strength of a term that names neither a concept nor its kind but a situation around it. The detector's 80 categories
are too common for that to mean anything: a person in the picture does not make it an interview."""


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
