"""How surely things of some concepts are seen in a video."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import nlargest

from agents.tagging.recall.activities.sign import ABSENT, Sign, surest
from agents.tagging.recall.case import Case
from agents.tagging.recall.faces import ABOUT_HALF
from agents.tagging.recall.objects import MANY_CLIPS, NAMED_GAIN, OBJECT_GAIN
from agents.tagging.recall.places import places_seen
from agents.tagging.vocabulary import kind_of
from encoders.situations.places import places
from stores.tags.recall.seen import SeenLabel, SeenTracklet


class Things:
    """Those of one video, as activities ask for them.

    Args:
        length: of the video, in ticks.
    """

    def __init__(self, case: Case, length: int) -> None:
        self._case, self._length, self._space = case, length, case.encoders.concepts
        self._labels: defaultdict[str, list[SeenLabel]] = defaultdict(list)
        self._masses: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.tracks: defaultdict[str, list[SeenTracklet]] = defaultdict(list)
        for label in case.seen.things.labels:
            self._labels[label.concept].append(label)
        for concept, labels in self._labels.items():
            kind = kind_of(self._space, concept)
            for label in labels:
                self._masses[label.clip_id, kind] += label.score
        for one in case.seen.things.tracklets:
            self.tracks[one.concept].append(one)

    @property
    def concepts(self) -> set[str]:
        """All that is seen."""
        return {*self._labels, *self.tracks}

    def seen(self, concepts: Collection[str]) -> Sign:
        """Whether any of some concepts is seen: by the classifier or the detector, that which is surer."""
        there = [one for one in concepts if one in self._labels or one in self.tracks]
        if not there:
            return ABSENT
        return surest(self._recognised(there), self._detected(there))

    def place(self, numbers: Collection[int], concepts: Collection[str]) -> Sign:
        """Whether any of some places is found, by things of other kinds than those of some concepts."""
        found, best = places_seen(self._case), ABSENT
        kinds = {kind_of(self._space, one) for one in concepts if one in self._labels or one in self.tracks}
        for number in found.keys() & set(numbers):
            worths = sorted((worth for kind, worth in found[number].items() if kind not in kinds), reverse=True)
            degree = min(1.0, ABOUT_HALF * sum(worth for worth, _ in worths))
            if degree > best.degree:
                ids = tuple(evidence_id for _, evidence_id in worths[:2])
                best = Sign(degree, ids, f"{places()[number].names[0]} around")
        return best

    def _recognised(self, concepts: Sequence[str]) -> Sign:
        """By clips; where the classifier is sure of the kind only, none of its names is found."""
        by_clip: defaultdict[str, list[SeenLabel]] = defaultdict(list)
        for concept in concepts:
            for label in self._labels.get(concept, ()):
                by_clip[label.clip_id].append(label)
        kinds = {kind_of(self._space, concept) for concept in concepts if concept in self._labels}
        degrees = []
        for clip, labels in by_clip.items():
            mass = sum(label.score for label in labels)
            lead = mass / max(mass, sum(self._masses.get((clip, kind), 0.0) for kind in kinds))
            degrees.append((min(1.0, NAMED_GAIN * mass * lead), clip))
        if not degrees:
            return ABSENT
        best = nlargest(2, degrees)
        degree, labels = best[0][0], by_clip[best[0][1]]
        if self._case.seen.clips >= MANY_CLIPS:
            degree = (degree + (best[1][0] if len(best) > 1 else 0.0)) / 2.0
        best_labels = sorted(labels, key=lambda label: -label.score)
        return Sign(degree, tuple(one.evidence_id for one in best_labels[:2]), self._words(best_labels[0].concept))

    def _detected(self, concepts: Sequence[str]) -> Sign:
        best = ABSENT
        for concept in concepts:
            for one in self.tracks.get(concept, ()):
                degree = one.confidence * min(1.0, OBJECT_GAIN * (one.end - one.start) / self._length)
                if degree > best.degree:
                    best = Sign(degree, (one.evidence_id,), self._words(concept))
        return best

    def _words(self, concept: str) -> str:
        return f"{self._space.get(concept).name} seen"
