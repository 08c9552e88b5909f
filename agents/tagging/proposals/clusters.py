"""Moments of several videos that look alike and that no tag covers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agents.search.pictures import least_likeness
from agents.tagging.proposals.terms import LEAST_VIDEOS
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Evidence
from stores.library_store import LibraryStore

MOST_CLIPS = 4_000
"""Clips compared with each other. Source: our choice: 64 MB of cosines."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Clips of several videos; ``name``: what most of them are seen as; a line of each video."""

    name: str
    videos: Mapping[str, Evidence]


def clusters(
    store: LibraryStore, encoders: Encoders, labels: Mapping[str, Sequence[Evidence]], covered: Collection[str]
) -> list[Cluster]:
    """Groups of clips that show the same, in at least `LEAST_VIDEOS` videos, the largest first.

    Args:
        labels: what the pictures of each video were recognised as.
        covered: evidence that an accepted decision rests on: its clips have a tag.
    """
    hits, vectors = store.vectors.fetch(collections(encoders).likeness, video_ids=list(labels))
    taken = {(one.video_id, one.span.start) for some in labels.values() for one in some if one.evidence_id in covered}
    free = [row for row, hit in enumerate(hits) if (hit.video_id, hit.start) not in taken][:MOST_CLIPS]
    if len(free) < LEAST_VIDEOS:
        return []
    some = vectors[free]
    near = some @ some.T >= least_likeness(encoders)
    left = np.ones(len(free), np.bool_)
    found: list[Cluster] = []
    for row in np.argsort(-near.sum(axis=1), kind="stable"):
        group = np.flatnonzero(near[row] & left)
        if not left[row] or len({hits[free[one]].video_id for one in group}) < LEAST_VIDEOS:
            continue
        left[group] = False
        cluster = _named([(hits[free[one]].video_id, hits[free[one]].start) for one in group], labels)
        if cluster is not None:
            found.append(cluster)
    return sorted(found, key=lambda one: (-len(one.videos), one.name))


def _named(places: Sequence[tuple[str, int]], labels: Mapping[str, Sequence[Evidence]]) -> Cluster | None:
    seen: Counter[str] = Counter()
    lines: defaultdict[str, dict[str, Evidence]] = defaultdict(dict)
    for video_id, start in places:
        for line in labels.get(video_id, ()):
            if line.span.start == start:
                seen[line.text] += 1
                lines[line.text].setdefault(video_id, line)
    if not seen:
        return None
    name = max(seen, key=lambda one: (len(lines[one]), seen[one], one))
    return Cluster(name, lines[name]) if len(lines[name]) >= LEAST_VIDEOS else None
