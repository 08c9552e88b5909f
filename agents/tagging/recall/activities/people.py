"""How surely somebody is seen in a video, several people, or a face shown large; and how their voices take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from agents.tagging.recall.activities.sign import ABSENT, Sign, surest
from agents.tagging.recall.case import Case
from agents.tagging.recall.faces import ABOUT_HALF, FACE, HEAD, PERSON, time_of, union
from agents.tagging.recall.sounds import worth_of
from stores.people.seen import SeenFace
from stores.tags.recall.seen import SeenTracklet

CHANGES = 6
"""Changes of voice from which people surely take turns. Source: our choice: three questions and three answers."""

PART = 0.25
"""Share of what is said that the second of two voices has at least where both converse. Source: our choice."""

QUESTIONS = 0.1
"""The same where one asks, and the other answers at length. Source: our choice."""

MOSTLY = 0.9
"""Share of what is said from which one voice speaks alone: another one may introduce it. Source: our choice."""

OTHERS = 0.2
"""How far below that it does not. Source: our choice."""


_Track = SeenFace | SeenTracklet


class People:
    """Those of one video, as activities ask for them.

    Args:
        length: of the video, in ticks.
    """

    def __init__(self, case: Case, length: int) -> None:
        self._case, self._length = case, length
        self._bodies = [one for one in case.seen.things.tracklets if one.concept == PERSON]
        self._faces = case.seen.faces.tracks

    @cached_property
    def seen(self) -> Mapping[str, Sign]:
        """``person``, ``people``, ``face``."""
        large = [one for one in self._faces if one.height >= HEAD]
        bodies, faces = self._bodies, self._faces
        sure = max((one.confidence for one in bodies), default=0.0)
        several = surest(self._for(sure, bodies, 2), self._for(FACE, faces, 2), self._known())
        return {
            "person": surest(self._for(sure, bodies, 1), self._for(FACE, faces, 1)).called("a person seen"),
            "people": several.called("several people seen"),
            "face": self._for(1.0, large, 1).called("a face shown large"),
        }

    @cached_property
    def sounds(self) -> Mapping[str, Sign]:
        """Sounds, and ``turns`` of voices, ``questions`` (of one, answered at length by another) and one ``alone``."""
        found = {}
        for name in ("speech", "singing", "music"):
            lines = [line for line in self._case.seen.lines["sound"] if line.text == name]
            if lines:
                longest = sorted(lines, key=lambda line: -line.confidence * line.span.duration)[:1]
                ids = tuple(line.evidence_id for line in longest)
                found[name] = Sign(worth_of(lines, self._length), ids, f"{name} to be heard")
        return found | self._voices()

    def _voices(self) -> dict[str, Sign]:
        turns = self._case.seen.turns
        said: Counter[int] = Counter()
        for one in turns:
            said[one.speaker] += one.end - one.start
        total = said.total()
        if not total:
            return {}
        most, less = [*sorted(said.values(), reverse=True), 0][:2]
        changes = sum(one.speaker != other.speaker for one, other in pairwise(turns)) / CHANGES
        long = min(1.0, ABOUT_HALF * total / self._length)
        both, share = most + less, less / total
        ids = tuple(one.evidence_id for one in turns[:2])
        alone = max(0.0, min(1.0, (most / total - MOSTLY + OTHERS) / OTHERS))
        taking = min(1.0, changes) * long
        return {
            "turns": Sign(taking * min(1.0, share / PART), ids, "voices that take turns"),
            "questions": Sign(taking * min(1.0, share / QUESTIONS) * both / total, ids, "one voice asks another"),
            "alone": Sign(alone * long, ids[:1], "one voice speaks alone"),
        }

    def _for(self, sure: float, tracks: Iterable[_Track], many: int) -> Sign:
        """For how much of the video ``many`` of them are seen at the same time."""
        longest = sorted(tracks, key=lambda one: one.start - one.end)
        spans = [(one.start, one.end) for one in longest]
        time = time_of(union(spans)) if many == 1 else _together(spans)
        degree = sure * min(1.0, ABOUT_HALF * time / self._length)
        return Sign(degree, tuple(one.evidence_id for one in longest[:many]))

    def _known(self) -> Sign:
        """Two people whose faces are told apart, though each may be shown alone."""
        tracks = {one.evidence_id: one for one in self._faces}
        shown = []
        for person in self._case.seen.faces.people:
            there = [tracks[one] for one in person.evidence_ids if one in tracks]
            if there:
                time = time_of(union((one.start, one.end) for one in there))
                shown.append((time, there[0].evidence_id))
        shown.sort(reverse=True)
        if len(shown) < 2:
            return ABSENT
        degree = FACE * min(1.0, 2.0 * ABOUT_HALF * shown[1][0] / self._length)
        return Sign(degree, tuple(one for _, one in shown[:2]))


def _together(spans: Sequence[tuple[int, int]]) -> int:
    """The time that is in two spans or more."""
    edges = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    time = open_ = 0
    for (at, step), (later, _) in pairwise(edges):
        open_ += step
        time += (later - at) if open_ > 1 else 0
    return time
