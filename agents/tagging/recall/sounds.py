"""Tags that name what is heard, or what usually comes with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.recall.objects import ASSOCIATED
from encoders.sound_names import all_names, goes_with, sound_names
from stores.core.records import Evidence

HALF = 2.0
"""A sound that fills half of a video is what it is about."""

ENOUGH_SECONDS = 10.0
"""And so is one that is heard for this long in all, however long the video. Ours."""

SURELY_SUNG = 0.955
"""Probability from which what is heard as singing is sung: the detector takes a melody that one instrument plays for
singing. Source: 99 of 100 such events in 216 generated melodies are less probable (`tests/unit/encoders/sounds.py`)."""


def sound_source(case: Case) -> list[Recalled]:
    """Tags that are a name of speech, singing, music or silence, by how surely and how long it is heard; and, weaker,
    those of what usually has such a sound."""
    by_name: defaultdict[str, list[Evidence]] = defaultdict(list)
    for line in case.seen.lines["sound"]:
        by_name[line.text].append(line)
    length = max(1, case.seen.length, *(one.span.end for some in by_name.values() for one in some))
    best: dict[int, tuple[float, tuple[str, ...]]] = {}
    for sound, lines in by_name.items():
        if sound not in sound_names():
            continue
        worth = worth_of(lines, length)
        if sound == "singing" and sure_of(lines) < SURELY_SUNG:
            worth = min(worth, ASSOCIATED)
        longest = sorted(lines, key=lambda line: (-line.confidence * line.span.duration, line.span.start))[:3]
        ids = tuple(line.evidence_id for line in longest)
        for names, share in ((all_names(sound), 1.0), (goes_with(sound), share_of_each(sound))):
            for name in names:
                for tag in case.tags.by_fact.get(name.casefold()):
                    best[tag] = max(best.get(tag, (0.0, ())), (share * worth, ids))
    words = (Recalled(case.tags.tags[tag].tag_id, "sound", *one) for tag, one in best.items())
    return strongest(words, case.top)


def share_of_each(sound: str) -> float:
    """What a tag gets of a sound's worth whose name is more than the sound: of so many things that speech may be (a
    lecture, a conversation, a commentary), a video is one. A candidate for the ranker, never more."""
    names = [name for name in goes_with(sound) if name.isascii()]
    return 1.0 / max(1, len(names))


def worth_of(lines: Sequence[Evidence], length: int) -> float:
    """How probably a video is about a sound: the detector's mean probability, the less the less of it is heard.

    Args:
        length: of the video, in ticks.
    """
    ticks = sum(line.span.end - line.span.start for line in lines)
    seconds = sum(line.span.duration for line in lines)
    return min(CERTAIN, sure_of(lines) * min(1.0, max(HALF * ticks / length, seconds / ENOUGH_SECONDS)))


def sure_of(lines: Sequence[Evidence]) -> float:
    """The detector's mean probability while it hears a sound."""
    seconds = sum(line.span.duration for line in lines)
    return sum(line.confidence * line.span.duration for line in lines) / max(seconds, 1e-9)
